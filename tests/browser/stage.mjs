// The sandbox and its engine, as processes of this test, on free ports and with a database of their own.
import {spawn} from 'node:child_process';
import {createWriteStream, mkdirSync, mkdtempSync, rmSync} from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';

/// Asks again and again until `ask` gives something true. @throws with `what` after `limit` ms
export async function until(what, ask, limit = 30000) {
  const end = Date.now() + limit;
  let last = '';
  for (;;) {
    try {
      const got = await ask();
      if (got) return got;
    } catch (e) {
      last = ` (${e.message})`;
    }
    if (Date.now() > end) throw new Error(`not within ${limit / 1000} s: ${what}${last}`);
    await new Promise(done => setTimeout(done, 50));
  }
}

const freePort = () => new Promise((done, fail) => {
  const probe = net.createServer();
  probe.once('error', fail);
  probe.listen(0, '127.0.0.1', () => {
    const {port} = probe.address();
    probe.close(() => done(port));
  });
});

export class Stage {
  static async begin(program, source, log, more = {}) {
    const stage = new Stage();
    Object.assign(stage, {port: await freePort(), web: await freePort()});
    stage.base = `http://127.0.0.1:${stage.port}`;
    stage.dir = mkdtempSync(path.join(os.tmpdir(), 'troupe-browser-'));
    mkdirSync(path.join(stage.dir, 'data'));
    const out = createWriteStream(log);
    await new Promise(done => out.once('open', done));
    stage.child = spawn(program, ['--config', path.join(source, 'config'), 'sandbox', '--port', stage.port, '--flood', 'telegram',
      '--generation-ms', '8000', '--database', stage.database, '--engine-url', `http://127.0.0.1:${stage.web}`, '--engine',
      '--yookassa-notice-url', `http://127.0.0.1:${stage.web}/yookassa/webhook`],
    {cwd: stage.dir, env: {...process.env, ...stage.settings(), ...more}, stdio: ['ignore', out, out]});
    stage.child.once('exit', () => { stage.ended = true; });
    await until('the sandbox and its engine run', async () => {
      if (stage.ended) throw new Error('the sandbox has ended, see ' + log);
      return (await stage.get('bot')).listening && (await stage.get('engine')).running;
    });
    return stage;
  }

  get database() { return path.join(this.dir, 'data', 'troupe.db'); }

  /// What ./run gives the engine; here it asks for videos sooner, and nobody gets credits for nothing.
  settings() {
    return {
      BOT_TOKEN: '1000001:sandbox', KIE_API_KEY: 'sandbox', DATABASE_PATH: this.database, TELEGRAM_API_URL: this.base, KIE_API_URL: this.base,
      KIE_UPLOAD_URL: this.base, PROMPT_WRITER_API_URL: this.base + '/v1', PROMPT_WRITER_API_KEY: 'sandbox', YOOKASSA_API_URL: this.base,
      YOOKASSA_SHOP_ID: '100500', YOOKASSA_SECRET_KEY: 'test_sandbox', TROUPE_YOOKASSA_RETURN_URL: this.base + '/',
      TROUPE_YOOKASSA_CHECK_SENDER: 'false', WEBHOOK_URL: `http://127.0.0.1:${this.web}`, TROUPE_WEB_PORT: String(this.web),
      TROUPE_TELEGRAM_WEBHOOK: 'false', TROUPE_KIE_FIRST_POLL_S: '1', TROUPE_KIE_POLL_EVERY_S: '1', TROUPE_USERS_WELCOME_CREDITS: '0',
    };
  }

  async get(what) {
    const res = await fetch(`${this.base}/sandbox/${what}`);
    if (!res.ok) throw new Error(`${what}: ${res.status}`);
    return res.json();
  }

  async post(what, body) {
    const res = await fetch(`${this.base}/sandbox/${what}`, {method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify(body)});
    if (!res.ok) throw new Error(`${what}: ${res.status} ${await res.text()}`);
    return res.json();
  }

  async end() {
    if (!this.ended) {
      const gone = new Promise(done => this.child.once('exit', done));
      this.child.kill('SIGTERM');
      await Promise.race([gone, new Promise(done => setTimeout(done, 20000))]);
      if (!this.ended) this.child.kill('SIGKILL');
    }
    rmSync(this.dir, {recursive: true, force: true});
  }
}
