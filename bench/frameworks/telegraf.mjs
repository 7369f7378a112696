// telegraf as it is started by default: long polling.
import { Telegraf } from "telegraf";
import http from "node:http";
import { home, help, openStore } from "./screens.mjs";

const store = openStore(process.env.DATABASE_PATH);
const bot = new Telegraf("1000001:bench", {
  telegram: { apiRoot: process.env.TELEGRAM_API_URL, agent: new http.Agent({ keepAlive: true }) },
});
bot.start(async (ctx) => {
  store(ctx.from.id, "home");
  await ctx.reply(home.text, { parse_mode: "HTML", reply_markup: home.reply_markup });
});
const screen = (name, s) => bot.action(name, async (ctx) => {
  store(ctx.from.id, name);
  await Promise.all([
    ctx.answerCbQuery(),
    ctx.editMessageText(s.text, { parse_mode: "HTML", reply_markup: s.reply_markup }),
  ]);
});
screen("home", home);
screen("help", help);
bot.catch((e) => console.error(e.message));
process.once("SIGTERM", () => process.exit(0));
bot.launch();
