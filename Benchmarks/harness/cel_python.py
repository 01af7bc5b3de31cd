"""cel-python on the expressions of `policy-client export`: cel_python.py EXPORTED ROUNDS.

Prints a line of JSON with the seconds that an evaluation of each took. An expression that cel-python cannot compile, or of
which it has another value than Belay on any document, is not timed: `why` says what is the matter.
"""

import json
import sys
import time

import celpy
from celpy import celtypes

READ = {
    "null": lambda _: None, "bool": celtypes.BoolType, "int": lambda text: celtypes.IntType(int(text)),
    "uint": lambda text: celtypes.UintType(int(text)), "double": lambda text: celtypes.DoubleType(float(text)),
    "string": celtypes.StringType, "bytes": lambda numbers: celtypes.BytesType(bytes(numbers)),
    "list": lambda items: celtypes.ListType([value(item) for item in items]),
    "map": lambda pairs: celtypes.MapType({value(key): value(item) for key, item in pairs}),
    "timestamp": celtypes.TimestampType, "duration": celtypes.DurationType,
}


def value(typed):
    (kind, content), = typed.items()
    return READ[kind](content)


def bindings(fields):
    return {name: value(typed) for name, typed in fields.items()}


def agrees(result, typed):
    if "error" in typed:
        return False
    expected = value(typed)
    # Texts that cel-python makes are now and then of Python's own type.
    return result == expected and isinstance(expected, type(result))


def seconds_each(program, activations, rounds):
    start = time.perf_counter()
    for _ in range(rounds):
        for activation in activations:
            program.evaluate(activation)
    return (time.perf_counter() - start) / rounds / len(activations)


def measure(expression, documents, rounds):
    environment = celpy.Environment(runner_class=celpy.CompiledRunner)
    try:
        program = environment.program(environment.compile(expression["source"]))
        activations = [document | bindings(own) for document, own in zip(documents, expression["own"])]
        for activation, typed in zip(activations, expression["results"]):
            if "error" in typed:
                return {"why": f"it ends in an error: {typed['error']}"}
            result = program.evaluate(activation)
            if not agrees(result, typed):
                return {"why": f"cel-python has another value: {result!r:.80}"}
    except (celpy.CELParseError, celpy.CELEvalError, TypeError, AttributeError, KeyError, ValueError) as error:
        return {"why": f"cel-python: {type(error).__name__}: {error!s:.120}"}
    return {"seconds": seconds_each(program, activations, rounds)}


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        exported = json.load(file)
    common = bindings(exported["common"])
    documents = [common | bindings(document) for document in exported["documents"]]
    results = [
        {"name": expression["name"]} | measure(expression, documents, int(sys.argv[2])) for expression in exported["expressions"]]
    print(json.dumps({"expressions": results, "failed": 0}))


main()
