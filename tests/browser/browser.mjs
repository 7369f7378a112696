// The page in a real Chromium, with the real sandbox and engine behind it.
// browser.mjs --program FILE --folder FOLDER --chromium FILE [--screenshots FOLDER]
import {mkdirSync} from 'node:fs';
import {createRequire} from 'node:module';
import path from 'node:path';
import {fileURLToPath} from 'node:url';
import {parseArgs} from 'node:util';
import {shoot} from './shots.mjs';
import {Stage} from './stage.mjs';
import {steps} from './steps.mjs';

const text = {type: 'string'};
const {values: asked} = parseArgs({options: {program: text, folder: text, chromium: text, screenshots: text}});
const folder = path.resolve(asked.folder);
const {chromium} = createRequire(folder + '/')('playwright-core');
const source = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const program = path.resolve(asked.program);

// Whatever the page should ask of elsewhere has no name there: the test does not depend on a network.
const browser = await chromium.launch({executablePath: asked.chromium,
  args: ['--no-sandbox', '--disable-dev-shm-usage', '--autoplay-policy=no-user-gesture-required', '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1']});
mkdirSync(folder, {recursive: true});
let failed = false;
let stage;
try {
  if (asked.screenshots) {
    stage = await Stage.begin(program, source, path.join(folder, 'shots.log'), {TROUPE_USERS_WELCOME_CREDITS: '10'});
    await shoot(browser, stage, path.resolve(asked.screenshots));
  } else {
    stage = await Stage.begin(program, source, path.join(folder, 'browser.log'));
    const all = {browser, stage};
    for (const [name, step] of Object.entries(steps)) {
      const began = Date.now();
      all.step = name;
      await step(all);
      console.log(`ok: ${name} (${((Date.now() - began) / 1000).toFixed(1)} s)`);
    }
  }
} catch (e) {
  failed = true;
  console.log('FAILED:', e.stack);
  let n = 0;
  for (const context of browser.contexts())
    for (const page of context.pages()) {
      const file = path.join(folder, `failed-${++n}.png`);
      await page.screenshot({path: file}).then(() => console.log('see ' + file), () => {});
    }
  console.log('the programs’ words are in ' + folder);
} finally {
  await browser.close();
  await stage?.end();
}
process.exit(failed ? 1 : 0);
