// A reporter of node's test runner: how many tests ran in which engine, and how many passed, as rows of a table.

const SUITE = 'engines.test.js';
const rows = new Map();
const rowOf = (engine) => {
  if (!rows.has(engine)) rows.set(engine, { version: '', run: 0, passed: 0 });
  return rows.get(engine);
};

export default async function* table(events) {
  let engine = '';
  for await (const { type, data } of events) {
    if (type === 'test:stdout') {
      const [, name, version] = /^engine: (\S+) (\S+)/.exec(data.message) ?? [];
      if (name) rowOf(name).version = version;
    }
    const isShared = data.file?.endsWith(SUITE);
    if (type === 'test:start' && isShared && data.nesting === 0) engine = data.name;
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    if (data.skip || data.details.type === 'suite' || data.name.endsWith('.test.js')) continue;
    const row = rowOf(isShared ? engine : 'Chromium');
    row.run += 1;
    if (type === 'test:pass') row.passed += 1;
  }
  for (const [engine, { version, run, passed }] of rows)
    if (version) yield `| ${engine} | ${version} | ${run} | ${passed} |\n`;
}
