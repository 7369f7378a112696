#!/usr/bin/env python3
"""reduce_bot_api.py BOT-API.json > net/sandbox/schema/bot_api.json

Keeps of the Bot API (as data: methods and types with fields, types, required, values, descriptions) what a
request is checked with, one field a line, so that a new version of the API is a diff that can be read.
Limits are taken from the descriptions."""
import json
import re
import sys


def limits(field):
    text, types = field["description"], field["types"]
    found = {}
    if types[0].startswith("Array of "):
        for pattern in (r"list of (\d+)-(\d+)", r"include (\d+)-(\d+) items"):
            if m := re.search(pattern, text, re.I):
                found = {"min": int(m[1]), "max": int(m[2])}
        if not found and (m := re.search(r"(?:at most|up to) (\d+) [a-z ]*(?:items|commands|identifiers|amounts)", text, re.I)):
            found = {"max": int(m[1])}
    elif types == ["String"]:
        if m := re.search(r"(\d+)-(\d+) (characters|bytes)", text, re.I):
            found = {"min": int(m[1]), "max": int(m[2]), "unit": m[3].lower()}
        if found and re.search(r"after entit(y|ies) parsing", text):
            found["parsed"] = True
    elif types[0] in ("Integer", "Float"):
        if m := re.search(r"(?<![\d.-])(\d+)-(\d+)(?![\d-]|\.\d)", text):
            found = {"min": int(m[1]), "max": int(m[2])}
        elif (m := re.search(r"between (\d+) and (\d+)", text)) and "or 0x" not in text:
            found = {"min": int(m[1]), "max": int(m[2])}
    return found


def reduced(field):
    line = {"types": field["types"]}
    if field["required"]:
        line["required"] = True
    # "emoji" changes too often to be a rule; [true] is what "Boolean" says already
    if field.get("values") and field["name"] != "emoji" and isinstance(field["values"][0], str):
        line["values"] = field["values"]
    return line | limits(field)


def base(t):
    while t.startswith("Array of "):
        t = t[len("Array of "):]
    return t


def reachable(api):
    """What a request can hold; the types of answers are left out."""
    found, todo = set(), [base(t) for m in api["methods"].values() for f in m.get("fields", []) for t in f["types"]]
    while todo:
        name = todo.pop()
        if name in found or name not in api["types"] or name == "InputFile":
            continue
        found.add(name)
        todo += api["types"][name].get("subtypes", [])
        todo += [base(t) for f in api["types"][name].get("fields", []) for t in f["types"]]
    return sorted(found)


def fields(entry):
    lines = [f"    {json.dumps(f['name'])}: {json.dumps(reduced(f), ensure_ascii=False)}" for f in entry.get("fields", [])]
    return "{" + ("\n" + ",\n".join(lines) + "\n  " if lines else "") + "}"


def kind(name, entry):
    if "subtypes" not in entry:
        return fields(entry)
    also = ["String", "Array of RichText"] if name == "RichText" else []  # said in words only
    return json.dumps(also + entry["subtypes"])


def main():
    api = json.load(open(sys.argv[1], encoding="utf-8"))
    methods = [f"  {json.dumps(n)}: {fields(m)}" for n, m in api["methods"].items()]
    types = [f"  {json.dumps(n)}: {kind(n, api['types'][n])}" for n in reachable(api)]
    print("{\n" + f"\"version\": {json.dumps(api['version'])},")
    print("\"methods\": {\n" + ",\n".join(methods) + "\n},\n\"types\": {\n" + ",\n".join(types) + "\n}\n}")


main()
