"""The mapping language as a JSON Schema, by which editors complete names and underline mistakes."""

from onecohort.mapping.language import Mapping
from onecohort.rules.convert import NO, YES
from onecohort.rules.units import convertible_to
from onecohort.schema import CohortSchema, Field

TEXT_TYPES = (
    "string",
    "number",
    "boolean",
)  # an editor's YAML reads 1 and true as such; we as texts
Json = dict[str, object]


def mapping_json_schema(schema: CohortSchema) -> Json:
    """JSON Schema of a mapping of this study: field names, terms and units are completed from it."""
    whole = Mapping.model_json_schema(by_alias=True)
    definitions = whole["$defs"]
    fields: Json = {}
    unavailable: Json = {}
    for field in schema.mappable:
        fields[field.name] = _field_schema(field)
        unavailable[field.name] = {"type": "string", "description": "Why no such value can be had."}
    whole["properties"]["fields"] = {
        "type": "object",
        "properties": fields,
        "additionalProperties": False,
    }
    whole["properties"]["unavailable"] = {
        "type": "object",
        "properties": unavailable,
        "additionalProperties": False,
    }
    names = {field.name: _expected_schema(field) for field in schema.fields.values()}
    definitions["Example"]["properties"]["expect"] = {
        "type": "object",
        "properties": names,
        "additionalProperties": False,
    }
    whole["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    whole["title"] = "A center's mapping"
    loosened = _loosen(whole)
    assert isinstance(loosened, dict)
    return loosened


def _field_schema(field: Field) -> Json:
    said = f"{field.title}. {field.description}"
    if field.unit:
        said += f" Unit: {field.unit}."
    own: Json = {}
    targets = _targets(field)
    if targets:
        codes: Json = {"enum": targets}
        own["values"] = {"type": "object", "additionalProperties": codes}
        own["constant"] = own["otherwise"] = codes
        own["cases"] = {"type": "array", "items": {"properties": {"then": codes}}}
    units = convertible_to(field.unit, field.name) if field.unit else []
    if units:
        own["unit"] = {"type": "string", "examples": units}
    return {"description": said, "allOf": [{"$ref": "#/$defs/FieldRule"}], "properties": own}


def _targets(field: Field) -> list[object]:
    """What a text may be mapped to, as an editor's YAML reads it; empty where anything may stand."""
    if field.kind == "boolean":
        return [*sorted(YES | NO), True, False]
    return list(field.codes)


def _expected_schema(field: Field) -> Json:
    targets = _targets(field)
    return {"description": field.title, **({"enum": ["", *targets]} if targets else {})}


def _loosen(node: object) -> object:
    """Let a text be typed without quotes: an editor's YAML takes 1, yes or true for something else.

    What need not stand is left out in a mapping, never null; so null is no alternative, and an editor
    underlines the very word that is wrong instead of a choice between it and nothing.
    """
    if isinstance(node, dict):
        found = {name: _loosen(value) for name, value in node.items()}
        choices = found.get("anyOf")
        if isinstance(choices, list):
            left = [choice for choice in choices if choice != {"type": "null"}]
            found["anyOf"] = left
            if len(left) == 1:
                del found["anyOf"]
                found = {**left[0], **found}
        if "default" in found and found["default"] is None:
            del found["default"]
        if found.get("type") == "string" and "format" not in found and "pattern" not in found:
            found["type"] = list(TEXT_TYPES)
        if found.get("type") == "integer":
            return {"anyOf": [found, {"type": "string", "pattern": "^[0-9]+$"}]}
        if found.get("type") == "array" and "items" in found and "prefixItems" not in found:
            # One text may stand for a list of one.
            return {"anyOf": [found, {"type": list(TEXT_TYPES)}]} if _of_texts(found) else found
        return found
    if isinstance(node, list):
        return [_loosen(value) for value in node]
    return node


def _of_texts(array: Json) -> bool:
    items = array["items"]
    return isinstance(items, dict) and (items.get("type") == list(TEXT_TYPES) or "enum" in items)
