// grammY, which knows nothing of us, against the sandbox's Telegram: both sides are asked, and the sandbox has
// nothing to complain about.
import { autoRetry } from "@grammyjs/auto-retry";
import { GrammyError, webhookCallback } from "grammy";
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, describe, test } from "node:test";
import { makeBot, picture } from "./bot.mjs";
import { anna, Sandbox, until } from "./sandbox.mjs";

/// The error of a call that must fail.
async function refused(call) {
  const error = await call.then(() => assert.fail("it was not refused"), (e) => e);
  assert.ok(error instanceof GrammyError, String(error));
  return error;
}

/// At the end neither side has anything to complain about.
async function content(sandbox, heard) {
  const violations = await sandbox.violations();
  await sandbox.stop();
  assert.deepEqual(heard.errors, []);
  assert.deepEqual(violations, {});
}

describe("over long polling", () => {
  let sandbox, bot, heard, running;
  before(async () => {
    sandbox = await Sandbox.start();
    ({ bot, heard } = makeBot(sandbox.base));
    running = bot.start();
  });
  after(async () => {
    await bot.stop();
    await running;
    await content(sandbox, heard);
  });

  test("the bot knows itself and sets its commands", async () => {
    assert.equal((await bot.api.getMe()).username, "sandbox_bot");
    const commands = [{ command: "start", description: "Begin" }];
    await bot.api.setMyCommands(commands, { scope: { type: "all_private_chats" }, language_code: "en" });
    assert.deepEqual(await bot.api.getMyCommands({ scope: { type: "all_private_chats" }, language_code: "en" }), commands);
    assert.deepEqual((await sandbox.get("commands")).at(-1).commands, commands);
  });

  test("/start with a parameter is answered with formatted text and a keyboard", async () => {
    await sandbox.say("/start friend");
    const m = await sandbox.text("Hello, Анна & friends from friend");
    assert.deepEqual(m.entities, [{ offset: 0, length: 5, type: "bold" }]);
    assert.equal(m.reply_markup.inline_keyboard[1][0].url, "https://example.org");
  });

  test("presses are answered, the message and its keyboard change in place", async () => {
    assert.equal((await sandbox.press("Go")).text, "Going");
    const m = await sandbox.text("On the way");
    const alert = await sandbox.press("Stop");
    assert.deepEqual([alert.text, alert.show_alert], ["Really?", true]);
    await sandbox.sees("the new keyboard", (n) => n.message_id === m.message_id && n.reply_markup.inline_keyboard[0][0].text === "Again");
  });

  test("a photo is downloaded, sent back as it was, sent again by its id, and its caption changed", async () => {
    const sent = await sandbox.post("send", { user_id: anna, photo_base64: picture.toString("base64"), caption: "look" });
    await sandbox.sees("the photo again", (m) => m.photo && m.caption === "the same");
    const back = await sandbox.sees("the changed caption", (m) => m.photo && m.caption === "changed");
    assert.equal(back.reply_to_message.message_id, sent.message_id);
    const stored = await fetch(`${sandbox.base}/sandbox/file/${back.photo.at(-1).file_id}`);
    assert.deepEqual(Buffer.from(await stored.arrayBuffer()), picture);
  });

  test("an album is one, with photo and video", async () => {
    await sandbox.say("album");
    const two = await sandbox.sees("the video", (m) => m.caption === "two");
    const one = await sandbox.sees("the photo", (m) => m.caption === "one");
    assert.ok(one.media_group_id);
    assert.equal(one.media_group_id, two.media_group_id);
    assert.equal(two.video.duration, 2);
  });

  test("a video with a thumbnail and a document arrive", async () => {
    await sandbox.say("files");
    const video = await sandbox.sees("the video", (m) => m.video && !m.caption);
    assert.deepEqual([video.video.width, video.video.duration], [640, 8]);
    assert.ok(video.video.thumbnail);
    assert.equal((await sandbox.sees("the document", (m) => m.document)).document.file_name, "paper.txt");
  });

  test("a reply keyboard is taken and removed", async () => {
    await sandbox.say("keyboard");
    await sandbox.text("Chosen");
  });

  test("messages are copied, forwarded and deleted", async () => {
    const said = await sandbox.say("copy");
    await sandbox.text("copied");
    const chat = await sandbox.chat();
    const copies = chat.filter((m) => m.text === "copy" && m.from.is_bot);
    assert.deepEqual(copies.map((m) => m.forward_origin?.sender_user.id), [undefined, anna]);
    assert.ok(copies[0].message_id > said.message_id);
    await sandbox.say("delete");
    await sandbox.text("deleted");
    assert.ok(!(await sandbox.chat()).some((m) => m.text?.startsWith("gone")));
  });

  test("an invoice in Stars is paid, and the money goes back", async () => {
    await sandbox.post("stars", { user_id: anna, balance: 1000 });
    await sandbox.say("buy");
    const { message_id } = await sandbox.sees("the invoice", (m) => m.invoice);
    const payment = await sandbox.post("pay", { user_id: anna, message_id });
    assert.equal(payment.state, "paid");
    await sandbox.text("paid");
    assert.equal(heard.payments.length, 1);
    const { currency, total_amount, invoice_payload, telegram_payment_charge_id } = heard.payments[0];
    assert.deepEqual([currency, total_amount, invoice_payload], ["XTR", 250, "order-17"]);
    assert.equal(telegram_payment_charge_id, payment.charge_id);
    assert.equal((await sandbox.post("stars", { user_id: anna })).balance, 750);
    await sandbox.say("refund");
    await until("the refund", () => heard.refunds.length === 1);
    assert.equal(heard.refunds[0].telegram_payment_charge_id, telegram_payment_charge_id);
    assert.equal((await sandbox.post("stars", { user_id: anna })).balance, 1000);
  });

  test("a link to an invoice is paid too", async () => {
    const link = await bot.api.createInvoiceLink("5 credits", "Five videos", "order-17", "", "XTR", [{ label: "5", amount: 100 }]);
    assert.equal((await sandbox.post("pay", { user_id: anna, link })).state, "paid");
    await until("the payment", () => heard.payments.length === 2);
  });

  test("the bot hears that it is blocked, and is refused in a way that it understands", async () => {
    await sandbox.post("block", { user_id: anna, blocked: true });
    await until("the news", () => heard.members.at(-1) === "kicked");
    const error = await refused(bot.api.sendMessage(anna, "are you there?"));
    assert.deepEqual([error.error_code, error.description], [403, "Forbidden: bot was blocked by the user"]);
    await sandbox.post("block", { user_id: anna, blocked: false });
    await until("the good news", () => heard.members.at(-1) === "member");
  });
});

describe("over a webhook", () => {
  let sandbox, bot, heard, server, url;
  before(async () => {
    sandbox = await Sandbox.start();
    ({ bot, heard } = makeBot(sandbox.base));
    server = createServer(webhookCallback(bot, "http", { secretToken: "a_secret" }));
    await new Promise((done) => server.listen(0, "127.0.0.1", done));
    url = `http://127.0.0.1:${server.address().port}/hook`;
    await bot.init();
    await bot.api.setWebhook(url, { secret_token: "a_secret", max_connections: 10, allowed_updates: ["message", "callback_query"] });
  });
  after(async () => {
    server.closeAllConnections();
    server.close();
    await content(sandbox, heard);
  });

  test("updates come with the secret, and are answered", async () => {
    await sandbox.say("/start");
    await sandbox.text("Hello, Анна & friends");
    assert.equal((await sandbox.press("Go")).text, "Going");
    await sandbox.text("On the way");
  });

  test("the bot is told where its updates go, and may not poll meanwhile", async () => {
    const info = await bot.api.getWebhookInfo();
    assert.deepEqual([info.url, info.max_connections, info.pending_update_count], [url, 10, 0]);
    assert.equal((await refused(bot.api.getUpdates())).error_code, 409);
    await bot.api.deleteWebhook();
    assert.deepEqual(await bot.api.getUpdates({ timeout: 0 }), []);
  });
});

describe("what goes wrong", () => {
  let sandbox, bot;
  before(async () => {
    sandbox = await Sandbox.start();
    ({ bot } = makeBot(sandbox.base));
  });
  after(() => sandbox.stop());

  test("bad HTML is refused in Telegram's words", async () => {
    const error = await refused(bot.api.sendMessage(anna, "<b>open", { parse_mode: "HTML" }));
    assert.equal(error.error_code, 400);
    assert.equal(error.description, 'Bad Request: can\'t parse entities: Can\'t find end tag corresponding to start tag "b"');
    assert.equal(error.method, "sendMessage");
  });

  test("an unknown token is refused as such", async () => {
    const { Bot } = await import("grammy");
    const stranger = new Bot("42:nobody", { client: { apiRoot: sandbox.base } });
    assert.equal((await refused(stranger.api.getMe())).error_code, 401);
  });

  test("a refusal for too many requests says how long to wait, and the auto-retry plugin waits so long", async () => {
    await sandbox.post("flood", { refuse_next: 1, retry_after: 1 });
    const error = await refused(bot.api.sendMessage(anna, "too fast"));
    assert.deepEqual([error.error_code, error.parameters.retry_after], [429, 1]);
    bot.api.config.use(autoRetry());
    await sandbox.post("flood", { refuse_next: 2, retry_after: 1 });
    const begun = Date.now();
    await bot.api.sendMessage(anna, "patient");
    assert.ok(Date.now() - begun >= 2000, "it did not wait"); // two refusals, a second each
    assert.equal((await sandbox.chat()).at(-1).text, "patient");
  });

  test("what the Bot API does not know is answered as ever, and counted", async () => {
    await bot.api.raw.sendMessage({ chat_id: anna, text: "red", colour: "red" });
    const kinds = await sandbox.violations();
    assert.equal(kinds["schema: sendMessage.colour: unknown field"], 1);
    const known = ["schema: sendMessage.colour", "sendMessage: Bad Request: can't parse entities"];
    assert.deepEqual(Object.keys(kinds).filter((k) => !known.some((begin) => k.startsWith(begin)) && !k.includes("retry_after")), []);
  });
});
