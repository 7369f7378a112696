// A sandbox of its own for a test: the people's side of the chat, over the control API that the page uses.
import { spawn } from "node:child_process";

export const token = "1000001:sandbox";
export const anna = 515151515;
const patience_ms = 15_000;

export const wait = (ms) => new Promise((done) => setTimeout(done, ms));

/// What `found` gives when it is something; an error that names `what` when it stays nothing.
export async function until(what, found) {
  for (const end = Date.now() + patience_ms; Date.now() < end; await wait(20)) {
    const it = await found();
    if (it) return it;
  }
  throw new Error(`waited ${patience_ms / 1000} s in vain for ${what}`);
}

export class Sandbox {
  /// On any free port.
  static async start() {
    const child = spawn(process.env.TROUPE, ["sandbox", "--port", "0"], { stdio: ["ignore", "pipe", "inherit"] });
    let said = "";
    child.stdout.on("data", (bytes) => (said += bytes));
    process.once("exit", () => child.kill("SIGKILL"));
    const base = await until("the sandbox's address", () => said.match(/http:\/\/127\.0\.0\.1:\d+/)?.[0]);
    return new Sandbox(child, base);
  }
  constructor(child, base) {
    this.child = child;
    this.base = base;
  }
  async stop() {
    const ended = new Promise((done) => this.child.once("exit", done));
    this.child.kill("SIGTERM");
    await ended;
  }

  async get(path) {
    return (await fetch(`${this.base}/sandbox/${path}`)).json();
  }
  async post(path, body) {
    const answer = await fetch(`${this.base}/sandbox/${path}`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
    const json = await answer.json();
    if (!answer.ok) throw new Error(`${path}: ${json.error}`);
    return json;
  }

  chat(user = anna) {
    return this.get(`chat?user_id=${user}`);
  }
  say(text, user = anna) {
    return this.post("send", { user_id: user, text });
  }
  /// The newest message of the bot that fits.
  sees(what, fits, user = anna) {
    return until(what, async () => (await this.chat(user)).reverse().find((m) => m.from.is_bot && fits(m)));
  }
  text(text) {
    return this.sees(`the text "${text}"`, (m) => m.text === text);
  }
  /// @returns the toast
  async press(label, user = anna) {
    const has = (m) => m.reply_markup?.inline_keyboard.flat().find((b) => b.text === label);
    const message = await this.sees(`the button "${label}"`, has, user);
    return this.post("press", { user_id: user, message_id: message.message_id, data: has(message).callback_data });
  }
  async violations() {
    return (await this.get("violations")).kinds;
  }
}
