// Reads schema.json into a flat form: field groups expanded, limit names kept beside their values.
import { readFileSync } from 'node:fs';

const bounds = ['min', 'max', 'bytes_min', 'bytes_max', 'items_min', 'items_max'];

// A field with every bound a number. Throws if a bound names no limit.
function resolveField(field, limits) {
  const resolved = { ...field };
  for (const bound of bounds) {
    if (typeof field[bound] !== 'string') continue;
    const limit = limits[field[bound]];
    if (limit === undefined) throw new Error(`schema.json: no limit is called ${field[bound]}`);
    resolved[bound] = limit.value;
  }
  if (field.items) resolved.items = resolveField(field.items, limits);
  return resolved;
}

function resolveFields(fields, source) {
  const resolved = [];
  for (const [name, field] of Object.entries(fields)) {
    if (name === '...') resolved.push(...resolveFields(source.field_groups[field], source));
    else resolved.push({ name, ...resolveField(field, source.limits) });
  }
  return resolved;
}

// {…schema, types: [{name, about, fields}], messages: [{name, type, from, to, about, fields}]}
export function loadSchema(path) {
  const source = JSON.parse(readFileSync(path, 'utf8'));
  const types = Object.entries(source.types).map(([name, type]) => ({
    name,
    about: type.about,
    fields: resolveFields(type.fields, source),
  }));
  const messages = Object.entries(source.messages).map(([name, message]) => ({
    name,
    type: message.type,
    from: message.from,
    to: message.to ?? (message.from.includes('server') ? ['runner', 'client'] : ['server']),
    about: message.about,
    fields: resolveFields(message.fields, source),
  }));
  return { ...source, types, messages };
}

export const pascalCase = (name) =>
  name
    .split(/[._]/)
    .map((word) => word[0].toUpperCase() + word.slice(1))
    .join('');
