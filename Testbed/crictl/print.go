package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"strconv"
	"strings"
	"text/tabwriter"
)

// object is a JSON object that keeps the order of its members.
type object []member

type member struct {
	name  string
	value interface{}
}

func (o object) MarshalJSON() ([]byte, error) {
	var text bytes.Buffer
	text.WriteByte('{')
	for index, member := range o {
		if index > 0 {
			text.WriteByte(',')
		}
		value, err := json.Marshal(member.value)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&text, "%q:%s", member.name, value)
	}
	text.WriteByte('}')
	return text.Bytes(), nil
}

// proto gives a message as protobuf's JSON has it, default values included: 64-bit numbers are text, values of an
// enumeration their names (https://protobuf.dev/programming-guides/json/).
func proto(value reflect.Value) interface{} {
	if named, isEnum := value.Interface().(fmt.Stringer); isEnum && value.Kind() == reflect.Int32 {
		return named.String()
	}
	switch value.Kind() {
	case reflect.Ptr:
		if value.IsNil() {
			return nil
		}
		return message(value.Elem())
	case reflect.Slice:
		if value.Type().Elem().Kind() == reflect.Uint8 {
			return value.Bytes()
		}
		list := make([]interface{}, value.Len())
		for index := range list {
			list[index] = proto(value.Index(index))
		}
		return list
	case reflect.Map:
		if value.IsNil() {
			return object{}
		}
		return value.Interface()
	case reflect.Int64:
		return strconv.FormatInt(value.Int(), 10)
	case reflect.Uint64:
		return strconv.FormatUint(value.Uint(), 10)
	}
	return value.Interface()
}

func message(value reflect.Value) object {
	found := object{}
	for index := 0; index < value.NumField(); index++ {
		field := value.Type().Field(index)
		name := jsonName(field.Tag.Get("protobuf"))
		if name == "" || (value.Field(index).Kind() == reflect.Ptr && value.Field(index).IsNil()) {
			continue
		}
		found = append(found, member{name, proto(value.Field(index))})
	}
	return found
}

// "bytes,1,opt,name=repo_tags,json=repoTags,proto3"
func jsonName(tag string) string {
	name := ""
	for _, word := range strings.Split(tag, ",") {
		if strings.HasPrefix(word, "name=") && name == "" {
			name = word[5:]
		} else if strings.HasPrefix(word, "json=") {
			name = word[5:]
		}
	}
	return name
}

func printMessage(value interface{}) error { return printJSON(proto(reflect.ValueOf(value))) }

func printJSON(value interface{}) error {
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}

// status gives a message with its members sorted, as crictl prints what it does not list.
func status(message interface{}) interface{} {
	text, _ := json.Marshal(proto(reflect.ValueOf(message)))
	var sorted interface{}
	_ = json.Unmarshal(text, &sorted)
	return sorted
}

// verbose puts what containerd answers as texts of JSON beside a status.
func verbose(message interface{}, info map[string]string) map[string]interface{} {
	found := map[string]interface{}{"status": status(message)}
	for name, text := range info {
		var value interface{}
		if json.Unmarshal([]byte(text), &value) != nil {
			value = text
		}
		found[name] = value
	}
	return found
}

func printTable(rows [][]string) error {
	table := tabwriter.NewWriter(os.Stdout, 20, 1, 3, ' ', 0)
	for _, row := range rows {
		fmt.Fprintln(table, strings.Join(row, "\t"))
	}
	return table.Flush()
}

func short(id string) string {
	id = strings.TrimPrefix(id, "sha256:")
	if len(id) > 13 {
		return id[:13]
	}
	return id
}

// size is decimal with three digits, as in 6.99MB.
func size(bytes uint64) string {
	number, unit := float64(bytes), 0
	for number >= 1000 && unit < 4 {
		number, unit = number/1000, unit+1
	}
	return strconv.FormatFloat(number, 'g', 3, 64) + []string{"B", "kB", "MB", "GB", "TB"}[unit]
}
