// grammY with its runner, as its documentation advises for many users: updates of one chat in order, chats at once.
import { Bot } from "grammy";
import { run, sequentialize } from "@grammyjs/runner";
import { home, help, openStore } from "./screens.mjs";

const store = openStore(process.env.DATABASE_PATH);
const bot = new Bot("1000001:bench", { client: { apiRoot: process.env.TELEGRAM_API_URL } });
bot.use(sequentialize((ctx) => String(ctx.chat?.id ?? ctx.from?.id)));
bot.command("start", async (ctx) => {
  store(ctx.from.id, "home");
  await ctx.reply(home.text, { parse_mode: "HTML", reply_markup: home.reply_markup });
});
const screen = (name, s) => bot.callbackQuery(name, async (ctx) => {
  store(ctx.from.id, name);
  await Promise.all([
    ctx.answerCallbackQuery(),
    ctx.editMessageText(s.text, { parse_mode: "HTML", reply_markup: s.reply_markup }),
  ]);
});
screen("home", home);
screen("help", help);
bot.catch((e) => console.error(e.message));
await bot.init();
const handle = run(bot);
process.once("SIGTERM", () => handle.stop().then(() => process.exit(0)));
