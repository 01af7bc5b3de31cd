# Read by every csh, also by the one that sshd starts for a command.
echo "noise of .cshrc on stdout: done 0 0"
sh -c 'echo "noise of .cshrc on stderr" >&2'
setenv LC_ALL de_DE.UTF-8
alias rm 'rm -i'
