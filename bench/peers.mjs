// SPDX-License-Identifier: MIT
// DuckDB on the rows of a trace: peers.mjs MODULES IN OUT ROUNDS. IN is the Parquet file of espy convert; DuckDB
// makes OUT of it, as it likes its files best. Prints a line of JSON for each question.
import { createRequire } from 'node:module';
import { existsSync, statSync } from 'node:fs';
import path from 'node:path';

const [modules, source, parquet, rounds] = process.argv.slice(2);
const duckdb = createRequire(path.join(modules, 'package.json'))('@duckdb/node-api');

const QUESTIONS = [
  ['first rows', "SELECT * FROM t LIMIT 50"],
  ['count by number', 'SELECT count(*) FROM t WHERE duration > 10000'],
  ['count failures', 'SELECT count(*) FROM t WHERE result < 0'],
  ['count by operation', "SELECT count(*) FROM t WHERE op = 'read'"],
  ['count by two numbers', 'SELECT count(*) FROM t WHERE result < 0 AND duration > 5000'],
  ['count by process', "SELECT count(*) FROM t WHERE process = 'tar'"],
  ['substring of path', "SELECT count(*) FROM t WHERE contains(path, 'python')"],
  ['regular expression over path', "SELECT count(*) FROM t WHERE regexp_matches(path, 'lib.*\\.so(\\.[0-9]+)*$')"],
  ['group by operation', 'SELECT op, count(*) AS n FROM t GROUP BY op ORDER BY n DESC'],
  ['group by process', 'SELECT process, count(*) AS n FROM t GROUP BY process ORDER BY n DESC'],
  ['group by path', 'SELECT path, count(*) AS n FROM t GROUP BY path ORDER BY n DESC LIMIT 100'],
  ['row 500,000', 'SELECT * FROM t WHERE result < 0 LIMIT 1 OFFSET 499999'],
  ['row in the middle, everything', 'SELECT * FROM t LIMIT 1 OFFSET HALF'],
];

const db = await (await duckdb.DuckDBInstance.create(':memory:')).connect();
const quoted = (s) => `'${s.replaceAll("'", "''")}'`;
await db.run('SET threads = 2');
if (!existsSync(parquet))
  await db.run(`COPY (SELECT * FROM read_parquet(${quoted(source)})) TO ${quoted(parquet)} (FORMAT parquet, COMPRESSION zstd)`);
const count = async (sql) => Number((await db.runAndReadAll(sql)).getRows()[0][0]);
const rows = await count(`SELECT count(*) FROM read_parquet(${quoted(parquet)})`);
await db.run(`CREATE VIEW t AS SELECT * FROM read_parquet(${quoted(parquet)})`);
console.log(JSON.stringify({ name: 'parquet', rows, bytes: statSync(parquet).size }));
for (const [name, sql] of QUESTIONS) {
  const seconds = [], cpu = [];
  let found = 0;
  for (let i = 0; i < Number(rounds); i++) {
    const began = process.hrtime.bigint(), used = process.cpuUsage();
    const out = (await db.runAndReadAll(sql.replace('HALF', String(Math.floor(rows / 2))))).getRows();
    const after = process.cpuUsage(used);
    seconds.push(Number(process.hrtime.bigint() - began) / 1e9);
    cpu.push((after.user + after.system) / 1e6);
    found = out.length === 1 && out[0].length === 1 ? Number(out[0][0]) : out.length;
  }
  console.log(JSON.stringify({ name, rows, seconds, cpu, found }));
}
