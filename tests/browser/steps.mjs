// What the test does, in this order: one person's whole path, then what goes wrong, then other screens.
import assert from 'node:assert/strict';
import {until} from './stage.mjs';
import {Visitor} from './visitor.mjs';

const bob = 424242424, admin = 1864913930;
const prompt = 'A red paper boat on a mountain river, early morning';
const job = (v, state) => v.find(`#operator .job[data-state=${state}]`);

/// Every visitor ends so: the page has asked nobody else, and complained of nothing.
async function farewell(v) {
  assert.deepEqual(v.foreign, []);
  assert.deepEqual(v.complaints, []);
  await v.leave();
}

export const steps = {
  async 'a start link waits for the press and carries its payload'(all) {
    const v = all.bob = await Visitor.come(all.browser, all.stage);
    await v.open('/?start=promo_7#' + bob);
    assert.match(await v.chat('.only').innerText(), /start\s*promo_7/i);
    assert.equal(new URL(v.page.url()).search, '');
    await v.chat('.only').click();
    await v.sees('/start promo_7');
    await v.sees('Your balance: 0 credits');
    assert.ok(await v.chat('.composer').isVisible());
  },

  async 'a start link in a message starts the bot within the page'({bob: v}) {
    const before = await v.count('/start friend-1');
    await v.says('https://t.me/sandbox_bot?start=friend-1');
    await v.chat('.row.out a', {hasText: 'friend-1'}).last().click();
    await v.sees('/start friend-1');
    assert.equal(await v.count('/start friend-1'), before + 1);
    assert.equal(v.context.pages().length, 1);
  },

  async 'an order without credits leads to the payment, and Stars are paid on the sheet'({bob: v}) {
    await v.says(prompt);
    await v.sees('You are 1 credit short');
    await v.presses('Buy credits');
    await v.presses('Telegram Stars');
    await v.presses('I accept');
    await v.presses('10 credits');
    await v.presses('Pay ⭐');
    await v.chat('.sheet').waitFor();
    assert.match(await v.chat('.sheet').innerText(), /Confirm and pay ⭐1,000/);
    await v.chat('.sheet .confirm').click();
    await v.chat('.veil[data-state=paid]').waitFor();
    await v.chat('.sheet').waitFor({state: 'hidden'});
    await v.sees('Payment received');
    await v.chat('.service', {hasText: 'You paid ⭐1,000'}).waitFor();
  },

  async 'the operator sees the job move and the book being written'({bob: v}) {
    await v.find('#operator-button').click();
    await v.find('#operator .entry', {hasText: '+11'}).first().waitFor();
    await v.presses('Run', prompt);
    await v.find('#operator .job', {hasText: 'Bob'}).first().waitFor();
    await job(v, 'processing').waitFor();
    await v.find('#operator .entry', {hasText: '−1'}).first().waitFor();
    await job(v, 'completed').waitFor();
  },

  async 'the video arrives and plays'({bob: v}) {
    const row = v.chat('.row', {has: v.page.locator('video')}).last();
    await row.waitFor();
    await v.plays(row);
  },

  async 'the operator reads a call, leaves a service out, and pauses'({bob: v}) {
    const calls = v.find('#operator .call');
    const asked = v.find('#operator .call[data-service=kie]', {hasText: 'recordInfo'}).first();
    await v.find('#operator .pause').click(); // From here on nothing moves.
    const shown = await calls.count();
    await asked.locator('button').first().click();
    await asked.locator('pre', {hasText: '"code": 200'}).waitFor(); // Laid out, not as it came.
    await asked.locator('button').first().click();
    await v.find('#operator .title .tag.telegram').click();
    await v.find('#operator .call[data-service=telegram]').first().waitFor({state: 'hidden'});
    assert.ok(await asked.isVisible());
    await v.find('#operator .title .tag.telegram').click();
    await v.says('/balance');
    await v.hears('Your balance: 10 credits');
    await v.find('#operator .calls small', {hasText: 'new'}).waitFor();
    assert.equal(await calls.count(), shown);
    await v.find('#operator .pause').click();
    await until('what waited is shown', async () => await calls.count() > shown);
  },

  async 'the history holds the payment and the video'({bob: v}) {
    await v.says('/history');
    await v.presses('My videos');
    await v.sees('My videos');
    await v.presses('Send again');
    const videos = v.chat('.row', {has: v.page.locator('video')});
    await until('the video comes again', async () => await videos.count() === 2);
  },

  async 'two pictures dropped on the chat go out as an album'({bob: v}) {
    const data = await v.page.evaluateHandle(async () => {
      const data = new DataTransfer();
      for (const colour of ['#c33', '#36c']) {
        const canvas = Object.assign(document.createElement('canvas'), {width: 320, height: 200});
        const paint = canvas.getContext('2d');
        paint.fillStyle = colour;
        paint.fillRect(0, 0, 320, 200);
        const blob = await new Promise(done => canvas.toBlob(done));
        data.items.add(new File([blob], 'a.png', {type: 'image/png'}));
      }
      return data;
    });
    await v.page.dispatchEvent('.chat.on', 'drop', {dataTransfer: data});
    await until('both pictures are in the chat', async () => await v.chat('.row.out.album img').count() === 2);
  },

  async 'a message is answered and forwarded from its menu'({bob: v}) {
    await v.says('Which of these?');
    await v.chat('.row.out', {hasText: 'Which of these?'}).last().click({button: 'right'});
    await v.find('#actions button', {hasText: 'Forward to the bot as Bob'}).click();
    await v.chat('.row.out', {hasText: 'Forwarded from Bob'}).last().waitFor();
    await v.chat('.row.out', {hasText: 'Which of these?'}).first().click({button: 'right'});
    await v.find('#actions button', {hasText: 'Reply'}).click();
    await v.says('This one');
    await v.chat('.row.out', {hasText: 'This one'}).locator('.quote', {hasText: 'Which of these?'}).waitFor();
  },

  async 'a refusal of kie is told in plain words, and the credits come back'({bob: v, stage}) {
    await v.says('/start');
    await v.hears('Your balance: 10 credits');
    await v.find('#faults-button').click();
    const kie = v.find('#faults .provider', {hasText: 'kie.ai'});
    await kie.locator('summary').click();
    await kie.locator('.field', {hasText: 'Status'}).locator('select').selectOption('451');
    await kie.locator('.field', {hasText: 'refusal, %'}).locator('input').fill('100');
    await kie.locator('.field', {hasText: 'refusal, %'}).locator('input').press('Enter');
    await kie.locator('summary', {hasText: '451 100 %'}).waitFor();
    await v.find('#faults-button.live').waitFor();
    await v.says('A paper crane folds itself');
    await v.presses('Run', 'A paper crane folds itself');
    const told = await v.sees('Credit refunded');
    assert.doesNotMatch(await told.innerText(), /451|kie|error/i);
    await v.says('/balance');
    await v.hears('Your balance: 10 credits');
    await v.find('#faults .usual').click();
    await kie.locator('summary', {hasText: 'as usual'}).waitFor();
    assert.equal((await stage.get('services')).services.kie.refuse_percent, 0);
  },

  async 'the engine is killed and started again from the page, and the chat goes on'({bob: v, stage}) {
    const {starts} = await stage.get('engine');
    await v.find('#faults [data-act=kill]').click();
    await v.find('#faults .state', {hasText: 'does not run'}).waitFor();
    await v.says('A lighthouse in a storm');
    await v.chat('.banner', {hasText: 'The bot is not running'}).waitFor();
    await v.find('#faults [data-act=start]').click();
    await v.find('#faults .state.up').waitFor();
    await v.chat('.banner').waitFor({state: 'hidden'});
    await v.chat('.row:not(.out)', {hasText: 'A lighthouse in a storm'}).last().waitFor();
    assert.equal((await stage.get('engine')).starts, starts + 1);
    await v.find('#faults header .icon').click();
  },

  async 'time-lapse is chosen on the page'({bob: v, stage}) {
    await v.find('#speed button', {hasText: '×60'}).click();
    await v.find('#speed button[aria-checked=true]', {hasText: '×60'}).waitFor();
    assert.equal((await stage.get('speed')).times, 60);
    const before = await v.chat('.row', {has: v.page.locator('video')}).count();
    await v.says('Fireworks over a frozen lake');
    await v.presses('Run', 'Fireworks over a frozen lake');
    await until('the video comes', async () => await v.chat('.row', {has: v.page.locator('video')}).count() > before);
  },

  async 'whoever blocks the bot may unblock it'({bob: v}) {
    await v.chat('.block').click();
    await v.chat('.only', {hasText: 'Unblock'}).click();
    await v.chat('.composer').waitFor();
    await farewell(v);
  },

  async 'an administrator presses his panel, beside another chat'({browser, stage}) {
    const v = await Visitor.come(browser, stage);
    await v.open(`/#${admin},${bob}`);
    assert.equal(await v.find('.chat').count(), 2);
    if (await v.chat('.only').isVisible()) await v.chat('.only').click();
    await v.says('/admin');
    await v.presses('Статистика пользователей');
    await v.sees('7 дней');
    await farewell(v);
  },

  async 'dark as the system is dark'({browser, stage}) {
    const v = await Visitor.come(browser, stage, {colorScheme: 'dark'});
    await v.open('/#' + bob);
    const [r, g, b] = (await v.background()).match(/\d+/g).map(Number);
    assert.ok(Math.max(r, g, b) < 70, `${r} ${g} ${b}`);
    await farewell(v);
  },

  async 'on a phone the list, a chat and each panel fill the screen'({browser, stage}) {
    const v = await Visitor.come(browser, stage, {viewport: {width: 390, height: 844}, isMobile: true, hasTouch: true, deviceScaleFactor: 2});
    await v.open('/#' + bob);
    assert.equal(await v.find('#people').isVisible(), false);
    await v.says('/balance');
    await v.hears('Your balance');
    assert.ok(await v.fits());
    await v.chat('.back').click();
    assert.ok(await v.find('#people').isVisible());
    assert.equal(await v.find('#panes').isVisible(), false);
    for (const side of ['operator', 'faults']) {
      await v.find(`#${side}-button`).click();
      const {width, height} = await v.find('#' + side).boundingBox();
      assert.deepEqual([width, height], [390, 844]);
      assert.ok(await v.fits());
      if (side === 'operator') {
        await v.find('#operator .tabs button', {hasText: 'Ledger'}).click();
        await v.find('#operator .entry').first().waitFor();
        assert.equal(await v.find('#operator .jobs').first().isVisible(), false);
      }
      await v.find(`#${side} header .icon`).click();
    }
    await farewell(v);
  },
};
