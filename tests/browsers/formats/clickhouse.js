// A ClickHouse of the test's own, on loopback, in a folder that goes with it.

import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, until } from '../support.js';

/** Columns for what the format says; whatever else it says is skipped. */
const TABLE = `CREATE TABLE events (
  id String, name String, time UInt64, seq UInt64, site String, device_id String, url String, title String, props String,
  session_id String, session_number UInt32, session_reason String, previous_session_id String, session_started_at UInt64,
  landing_page String, source String, medium String, campaign String, first_source String, user_id String, consent String,
  session_page_views UInt32, session_events UInt32, session_transactions UInt32, session_revenue Float64,
  session_funnel_step String, session_currency String, received DateTime DEFAULT now()
) ENGINE = ReplacingMergeTree(received) ORDER BY (site, id)`;

const config = (folder, http, tcp) => `<yandex>
  <logger><level>warning</level><console>1</console></logger>
  <listen_host>127.0.0.1</listen_host><http_port>${http}</http_port><tcp_port>${tcp}</tcp_port>
  <path>${folder}/data/</path><tmp_path>${folder}/tmp/</tmp_path>
  <users_config>users.xml</users_config><default_profile>default</default_profile><default_database>default</default_database>
  <mark_cache_size>5368709120</mark_cache_size>
</yandex>`;

const USERS = `<yandex>
  <profiles><default>
    <add_http_cors_header>1</add_http_cors_header><input_format_skip_unknown_fields>1</input_format_skip_unknown_fields>
  </default></profiles>
  <users><default><password></password><networks><ip>127.0.0.1</ip></networks><profile>default</profile><quota>default</quota></default></users>
  <quotas><default></default></quotas>
</yandex>`;

export class ClickHouse {
  static async start() {
    const clickHouse = new ClickHouse();
    clickHouse.folder = await mkdtemp(join(tmpdir(), 'clickhouse-'));
    const [http, tcp] = [await freePort(), await freePort()];
    await writeFile(join(clickHouse.folder, 'config.xml'), config(clickHouse.folder, http, tcp));
    await writeFile(join(clickHouse.folder, 'users.xml'), USERS);
    const words = [`--config-file=${join(clickHouse.folder, 'config.xml')}`];
    clickHouse.process = spawn(process.env.CLICKHOUSE, words, {
      cwd: clickHouse.folder,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    clickHouse.log = '';
    clickHouse.process.stderr.on('data', (text) => (clickHouse.log += text));
    clickHouse.url = `http://127.0.0.1:${http}/`;
    await until('ClickHouse answers', () => fetch(clickHouse.url).catch(() => assertRuns(clickHouse)));
    await clickHouse.query(TABLE);
    return clickHouse;
  }

  /** The collector's URL for a page: what it posts is rows of the table. */
  get collector() {
    return `${this.url}?query=${encodeURIComponent('INSERT INTO events FORMAT JSONEachRow')}`;
  }

  /** The rows that a query gives. */
  async query(sql) {
    const answer = await fetch(this.url, {
      method: 'POST',
      body: sql.startsWith('SELECT') ? `${sql} FORMAT JSON` : sql,
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(text);
    return text && JSON.parse(text).data;
  }

  async stop() {
    const ended = new Promise((resolve) => this.process.once('exit', resolve));
    this.process.kill('SIGKILL');
    await ended;
    await rm(this.folder, { recursive: true });
  }
}

function assertRuns({ process, log }) {
  if (process.exitCode !== null) throw new Error(`ClickHouse has ended: ${log.slice(-2000)}`);
}
