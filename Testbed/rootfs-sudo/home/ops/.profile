echo "noise of .profile on stdout"
echo "noise of .profile on stderr" >&2
