// The pictures of the documents, taken of the real page.
import path from 'node:path';
import {until} from './stage.mjs';
import {Visitor} from './visitor.mjs';

const anna = 515151515, bob = 424242424, admin = 1864913930;
const wishes = {[anna]: 'Маяк ночью, шторм, камера облетает башню', [bob]: 'A red paper boat on a mountain river, early morning'};
const still = {reducedMotion: 'reduce'}; // A picture must not catch anything on its way.
const phone = {...still, viewport: {width: 390, height: 844}, isMobile: true, hasTouch: true, deviceScaleFactor: 2};

/// The newest key of a chat that fits, pressed without a page.
async function press(stage, user, starts) {
  await until(`a key ${starts} of ${user}`, async () => {
    for (const m of (await stage.get('chat?user_id=' + user)).reverse())
      for (const key of (m.reply_markup?.inline_keyboard || []).flat())
        if (key.callback_data?.startsWith(starts)) {
          await stage.post('press', {user_id: user, message_id: m.message_id, data: key.callback_data});
          return true;
        }
    return false;
  });
}

const videoOf = (stage, user) => until('a video of ' + user, async () => (await stage.get('chat?user_id=' + user)).some(m => m.video));

export async function shoot(browser, stage, folder) {
  const shot = async (v, name) => {
    // Pictures and posters that are still on their way would be holes.
    await v.page.waitForFunction(() => [...document.querySelectorAll('.chat.on img')].every(i => i.complete) &&
      [...document.querySelectorAll('video')].every(e => e.readyState > 1) && !document.querySelector('.toast.on'));
    await v.page.mouse.move(640, 0);
    await v.page.screenshot({path: path.join(folder, name + '.png')});
    console.log(name + '.png');
  };
  for (const user of [anna, bob]) {
    await stage.post('send', {user_id: user, text: '/start'});
    await until('the greeting', async () => (await stage.get('chat?user_id=' + user)).some(m => m.reply_markup));
    await stage.post('send', {user_id: user, text: wishes[user]});
    await press(stage, user, 'run:');
  }
  for (const user of [anna, bob]) await videoOf(stage, user);

  for (const [name, options] of [['chat', {}], ['chat-dark', {colorScheme: 'dark'}]]) {
    const v = await Visitor.come(browser, stage, {...still, ...options});
    await v.open(`/#${anna},${bob}`);
    await v.sees('Ещё одно').catch(() => {});
    await shot(v, name);
    await v.leave();
  }
  const small = await Visitor.come(browser, stage, phone);
  await small.open('/#' + bob);
  await small.sees('Another one?');
  await shot(small, 'chat-phone');
  await small.leave();

  const v = await Visitor.come(browser, stage, still);
  await v.open('/#' + bob);
  await v.find('#operator-button').click();
  await v.says('A lighthouse in a storm, the camera flies around the tower');
  await v.presses('Run', 'A lighthouse');
  await v.find('#operator .job[data-state=processing]').waitFor();
  await v.find('#operator .pause').click();
  await v.find('#operator .call', {hasText: 'createTask'}).locator('button').first().click();
  await shot(v, 'operator');
  await v.find('#operator .job[data-state=completed]', {hasText: '#3'}).waitFor();

  await v.find('#operator .pause').click();
  await v.find('#faults-button').click();
  const kie = v.find('#faults .provider', {hasText: 'kie.ai'});
  await kie.locator('summary').click();
  await stage.post('services', {services: {kie: {refuse_percent: 100, refuse_status: 451}, telegram: {latency_ms: 300}}});
  await kie.locator('summary', {hasText: '451 100 %'}).waitFor();
  await v.says('A paper crane folds itself');
  await v.presses('Run', 'A paper crane');
  await v.sees('refunded');
  await shot(v, 'faults');
  await v.find('#faults .usual').click();
  await v.find('#faults header .icon').click();

  await v.says('/buy');
  await v.presses('Telegram Stars');
  await v.presses('I accept');
  await v.presses('10 credits');
  await v.presses('Pay ⭐');
  await v.chat('.sheet').waitFor();
  await shot(v, 'buy');
  await v.leave();

  const office = await Visitor.come(browser, stage, {...still, viewport: {width: 1280, height: 1100}});
  await office.open('/#' + admin);
  await stage.post('send', {user_id: admin, text: '/admin'});
  await office.sees('/stats');
  await stage.post('send', {user_id: admin, text: '/user ' + bob});
  await office.sees('Bob');
  await shot(office, 'admin');
  await office.leave();
}
