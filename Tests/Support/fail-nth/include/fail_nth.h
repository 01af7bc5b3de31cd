// Nothing to call: the library is loaded with LD_PRELOAD and told by its environment, see fail-nth.c.
