echo "noise of profile.d on stdout"
echo "noise of profile.d on stderr" >&2
