package main

import "strings"

// words are a command line's: options with and without values, the command, and what follows it.
type words struct {
	command string
	rest    []string
	options map[string]string
}

// Options that stand alone; all others take a value.
var flags = map[string]bool{
	"version": true, "v": true, "a": true, "all": true, "q": true, "quiet": true, "digests": true, "no-trunc": true,
	"prune": true, "f": true, "force": true, "D": true, "debug": true, "help": true, "h": true,
}

// parse reads options before and behind the command. Of `exec` and `logs` what follows the ID is the container's.
func parse(arguments []string) *words {
	found := &words{options: map[string]string{}}
	for index := 0; index < len(arguments); index++ {
		word := arguments[index]
		isOption := strings.HasPrefix(word, "-") && !(found.command == "exec" && len(found.rest) > 0)
		switch {
		case !isOption && found.command == "":
			found.command = word
		case !isOption:
			found.rest = append(found.rest, word)
		default:
			name, value, hasValue := strings.Cut(strings.TrimLeft(word, "-"), "=")
			if !hasValue && !flags[name] && index+1 < len(arguments) {
				index++
				value = arguments[index]
			}
			found.options[name] = value
		}
	}
	return found
}

func (w *words) has(names ...string) bool {
	for _, name := range names {
		if _, given := w.options[name]; given {
			return true
		}
	}
	return false
}

func (w *words) text(names ...string) string {
	for _, name := range names {
		if value, given := w.options[name]; given {
			return value
		}
	}
	return ""
}

func (w *words) wantsJSON() bool { return w.text("o", "output") == "json" }
func (w *words) isQuiet() bool   { return w.has("q", "quiet") }
