// Checks a text message against the field tables of generated/protocol.ts.
import { typeRules, type FieldRule, type FieldRules } from './generated/protocol.ts';

/** A refused message: an error code of the protocol, and the field at fault if there is one. */
export interface MessageProblem {
  code: 'invalid_message' | 'unknown_type' | 'invalid_argument';
  message: string;
  param?: string;
}

export type ReadMessage<Message> = { ok: Message } | { error: MessageProblem };

/**
 * The message in `text`, or what is wrong with it. Members that no table names are left in place.
 */
export function readMessage<Message extends { type: string }>(
  text: string,
  rules: Readonly<Record<Message['type'], FieldRules>>,
): ReadMessage<Message> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { error: { code: 'invalid_message', message: 'the message is not JSON' } };
  }
  if (!isObject(value) || typeof value['type'] !== 'string') {
    const message = 'the message is not an object with a string member "type"';
    return { error: { code: 'invalid_message', message } };
  }
  const type = value['type'];
  if (!Object.hasOwn(rules, type)) {
    return { error: { code: 'unknown_type', message: `no message is called ${type}` } };
  }
  const problem = fieldsProblem(value, rules[type as Message['type']], '');
  if (problem) return { error: problem };
  return { ok: value as unknown as Message };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function fieldsProblem(
  object: Record<string, unknown>,
  rules: FieldRules,
  path: string,
): MessageProblem | null {
  for (const [name, rule] of Object.entries(rules)) {
    const param = path + name;
    const value = Object.hasOwn(object, name) ? object[name] : undefined;
    if (value === undefined || value === null) {
      if (rule.required) return invalid(param, 'is missing');
      delete object[name];
      continue;
    }
    const problem = valueProblem(value, rule, param);
    if (problem) return problem;
  }
  return null;
}

function valueProblem(value: unknown, rule: FieldRule, param: string): MessageProblem | null {
  switch (rule.type) {
    case 'string':
      if (typeof value !== 'string') return invalid(param, 'is not a string');
      return sizeProblem(utf8Size(value), rule.bytes_min, rule.bytes_max, 'bytes', param);
    case 'integer':
      if (!Number.isInteger(value)) return invalid(param, 'is not an integer');
      return rangeProblem(value as number, rule, param);
    case 'number':
      if (typeof value !== 'number') return invalid(param, 'is not a number');
      return rangeProblem(value, rule, param);
    case 'boolean':
      return typeof value === 'boolean' ? null : invalid(param, 'is not true or false');
    case 'enum':
      if (typeof value === 'string' && rule.values?.includes(value)) return null;
      return invalid(param, `is not one of ${(rule.values ?? []).join(', ')}`);
    case 'array':
      return arrayProblem(value, rule, param);
    case 'ref':
      if (!isObject(value)) return invalid(param, 'is not an object');
      return fieldsProblem(value, typeRules[rule.ref ?? ''] ?? {}, `${param}.`);
  }
}

function arrayProblem(value: unknown, rule: FieldRule, param: string): MessageProblem | null {
  if (!Array.isArray(value)) return invalid(param, 'is not a list');
  const problem = sizeProblem(value.length, rule.items_min, rule.items_max, 'items', param);
  if (problem || !rule.items) return problem;
  for (const [index, item] of value.entries()) {
    const itemProblem = valueProblem(item, rule.items, `${param}[${String(index)}]`);
    if (itemProblem) return itemProblem;
  }
  return null;
}

function rangeProblem(value: number, rule: FieldRule, param: string): MessageProblem | null {
  const { min = -Infinity, max = Infinity } = rule;
  if (value >= min && value <= max) return null;
  return invalid(param, `is not between ${String(min)} and ${String(max)}`);
}

function sizeProblem(
  size: number,
  min: number | undefined,
  max: number | undefined,
  unit: string,
  param: string,
): MessageProblem | null {
  if (size > (max ?? Infinity)) return invalid(param, `has more than ${String(max)} ${unit}`);
  if (size < (min ?? 0)) return invalid(param, `has fewer than ${String(min)} ${unit}`);
  return null;
}

function invalid(param: string, what: string): MessageProblem {
  return { code: 'invalid_argument', message: `${param} ${what}`, param };
}

// The number of bytes of a text in UTF-8.
function utf8Size(text: string): number {
  let size = 0;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    size += unit < 0x80 ? 1 : unit < 0x800 || (unit >= 0xd800 && unit < 0xe000) ? 2 : 3;
  }
  return size;
}
