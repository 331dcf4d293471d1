// Fills the regions <!-- generated: NAME --> … <!-- end --> of README.md with tables from the
// schema.

const number = (value) => value.toLocaleString('en-US');

function describe(field) {
  const parts = [];
  const range = (low, high, unit) => {
    if (high === undefined) return;
    parts.push(
      low === undefined
        ? `at most ${number(high)}${unit}`
        : `${number(low)}–${number(high)}${unit}`,
    );
  };
  range(field.min, field.max, '');
  range(field.bytes_min, field.bytes_max, ' bytes');
  range(field.items_min, field.items_max, ' items');
  if (field.about) parts.push(field.about);
  return parts.join('; ');
}

function kind(field) {
  if (field.type === 'enum') return field.values.map((value) => `\`${value}\``).join(', ');
  if (field.type === 'ref') return `object *${field.ref}*`;
  if (field.type === 'array') return `list of ${kind(field.items)}`;
  return field.type;
}

const isRequired = (field) => (field.required ? 'yes' : '');

function fieldTable(fields) {
  if (fields.length === 0) return 'No fields.\n';
  const rows = fields.map(
    (field) => `| \`${field.name}\` | ${kind(field)} | ${isRequired(field)} | ${describe(field)} |`,
  );
  return ['| field | type | required | |', '|---|---|---|---|', ...rows, ''].join('\n');
}

const sections = {
  messages: (schema) =>
    schema.messages
      .map((message) => {
        const way = `${message.from.join(', ')} → ${message.to.join(', ')}`;
        const head = `#### \`${message.type}\` (${way})\n${message.about}.\n\n`;
        return head + fieldTable(message.fields);
      })
      .join('\n'),
  types: (schema) =>
    schema.types
      .map((type) => `#### *${type.name}*\n${type.about}.\n\n${fieldTable(type.fields)}`)
      .join('\n'),
  errors: (schema) =>
    [
      '| code | HTTP | close | what the user reads |',
      '|---|---|---|---|',
      ...Object.entries(schema.errors).map(
        ([code, error]) => `| \`${code}\` | ${error.http} | ${error.close ?? ''} | ${error.user} |`,
      ),
      '',
    ].join('\n'),
  close_codes: (schema) =>
    [
      '| close code | meaning |',
      '|---|---|',
      ...Object.entries(schema.close_codes).map(([code, about]) => `| ${code} | ${about} |`),
      '',
    ].join('\n'),
  limits: (schema) =>
    [
      '| limit | value | |',
      '|---|---|---|',
      ...Object.entries(schema.limits).map(
        ([name, limit]) => `| \`${name}\` | ${number(limit.value)} | ${limit.about} |`,
      ),
      '',
    ].join('\n'),
};

// README.md with its regions written anew. Throws if a region names no table.
export function generateReadme(schema, text) {
  return text.replace(/<!-- generated: (\w+) -->\n[^]*?<!-- end -->/g, (_, name) => {
    if (!sections[name]) throw new Error(`README.md: no table is called ${name}`);
    return `<!-- generated: ${name} -->\n${sections[name](schema)}<!-- end -->`;
  });
}
