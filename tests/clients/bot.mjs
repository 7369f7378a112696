// A bot as grammY's users write it: one of each thing that a shop of videos needs.
import { Bot, InlineKeyboard, InputFile, InputMediaBuilder, Keyboard } from "grammy";
import { token } from "./sandbox.mjs";

export const picture = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "base64");

const home = () => new InlineKeyboard().text("Go", "go").text("Help", "help").row().url("Site", "https://example.org");

/// @returns the bot, and what it was told in `heard`
export function makeBot(base) {
  const bot = new Bot(token, { client: { apiRoot: base } });
  const heard = { members: [], payments: [], refunds: [], errors: [] };

  bot.command("start", async (ctx) => {
    const hello = `<b>Hello</b>, ${ctx.from.first_name} &amp; friends${ctx.match ? ` from ${ctx.match}` : ""}`;
    await ctx.reply(hello, { parse_mode: "HTML", reply_markup: home(), link_preview_options: { is_disabled: true } });
  });
  bot.callbackQuery("go", async (ctx) => {
    await ctx.answerCallbackQuery({ text: "Going" });
    await ctx.editMessageText("On the way", { reply_markup: new InlineKeyboard().text("Stop", "stop") });
  });
  bot.callbackQuery("stop", async (ctx) => {
    await ctx.answerCallbackQuery({ text: "Really?", show_alert: true });
    await ctx.editMessageReplyMarkup({ reply_markup: new InlineKeyboard().text("Again", "go") });
  });

  bot.on("message:photo", async (ctx) => {
    const file = await ctx.getFile();
    const answer = await fetch(`${base}/file/bot${token}/${file.file_path}`);
    const bytes = Buffer.from(await answer.arrayBuffer());
    const sent = await ctx.replyWithPhoto(new InputFile(bytes, "back.png"), {
      caption: `<i>${bytes.length}</i> bytes`, parse_mode: "HTML", reply_parameters: { message_id: ctx.msg.message_id },
    });
    await ctx.replyWithPhoto(sent.photo.at(-1).file_id, { caption: "the same" });
    await ctx.api.editMessageCaption(ctx.chat.id, sent.message_id, { caption: "changed" });
  });
  bot.hears("album", async (ctx) => {
    await ctx.replyWithMediaGroup([
      InputMediaBuilder.photo(new InputFile(picture, "one.png"), { caption: "one" }),
      InputMediaBuilder.video(new InputFile(Buffer.from("not really"), "two.mp4"), { caption: "two", duration: 2 }),
    ]);
  });
  bot.hears("files", async (ctx) => {
    await ctx.replyWithChatAction("upload_video");
    const thumbnail = new InputFile(picture, "thumb.png");
    await ctx.replyWithVideo(new InputFile(Buffer.from("clip"), "clip.mp4"),
                             { width: 640, height: 360, duration: 8, supports_streaming: true, thumbnail });
    await ctx.replyWithDocument(new InputFile(Buffer.from("paper"), "paper.txt"));
  });
  bot.hears("keyboard", async (ctx) => {
    await ctx.reply("Choose", { reply_markup: new Keyboard().text("Yes").text("No").resized().oneTime() });
    await ctx.reply("Chosen", { reply_markup: { remove_keyboard: true } });
  });

  bot.hears("copy", async (ctx) => {
    await ctx.copyMessage(ctx.chat.id, { reply_markup: home() });
    await ctx.forwardMessage(ctx.chat.id);
    await ctx.reply("copied");
  });
  bot.hears("delete", async (ctx) => {
    const sent = [await ctx.reply("gone soon"), await ctx.reply("gone too"), await ctx.reply("and this")];
    await ctx.api.deleteMessage(ctx.chat.id, sent[0].message_id);
    await ctx.deleteMessages([sent[1].message_id, sent[2].message_id]);
    await ctx.reply("deleted");
  });

  bot.hears("buy", async (ctx) => {
    await ctx.replyWithInvoice("10 credits", "Ten videos", "order-17", "XTR", [{ label: "10 credits", amount: 250 }]);
  });
  bot.on("pre_checkout_query", (ctx) => ctx.answerPreCheckoutQuery(ctx.preCheckoutQuery.invoice_payload === "order-17",
                                                                  { error_message: "unknown order" }));
  bot.on("message:successful_payment", async (ctx) => {
    heard.payments.push(ctx.msg.successful_payment);
    await ctx.reply("paid");
  });
  bot.hears("refund", (ctx) => ctx.api.refundStarPayment(ctx.from.id, heard.payments.at(-1).telegram_payment_charge_id));
  bot.on("message:refunded_payment", (ctx) => void heard.refunds.push(ctx.msg.refunded_payment));

  bot.on("my_chat_member", (ctx) => void heard.members.push(ctx.myChatMember.new_chat_member.status));
  bot.catch((e) => void heard.errors.push(e.error));
  return { bot, heard };
}
