/// What is in force, in words.
#include "config/config.hpp"
#include <sstream>

namespace troupe::config {
std::string describe(const settings& s, bool& ready) {
  std::ostringstream out;
  std::string section;
  for (auto& e : s.report) {
    const auto dot = e.key.find('.');
    if (e.key.substr(0, dot) != section) out << "[" << (section = e.key.substr(0, dot)) << "]\n";
    out << "  " << e.key.substr(dot + 1) << " = " << e.value << "  (" << e.origin << ") # " << e.comment
        << "\n";
  }
  out << "[models]\n";
  for (auto& m : s.models)
    out << "  " << m.id << ": " << m.api << " " << m.provider_model << ", price from "
        << price_of(m, m.durations_s.front(), false) << "\n";
  if (!s.presets.empty()) out << "[presets]\n";
  for (auto& p : s.presets) out << "  " << p.id << ": " << p.title.at("en") << "\n";
  const bool token = !s.opts.telegram.bot_token.empty(), keys = !s.opts.kie.api_keys.empty();
  ready = token && keys;
  out << "\n";
  if (!token)
    out << "MISSING  bot token: set BOT_TOKEN (or BOT_TOKEN_FILE). "
           "Get one from https://t.me/BotFather: /newbot\n";
  if (!keys)
    out << "MISSING  kie.ai key: set KIE_API_KEY (or KIE_API_KEY_FILE). Get one at https://kie.ai/api-key\n";
  if (s.opts.web.public_url.empty())
    out << "default  web.public_url is not set: no callbacks, results are polled every "
        << s.opts.kie.poll_every_s << " s. Set WEBHOOK_URL to have callbacks.\n";
  if (s.opts.web.callback_secret.empty())
    out << "default  web.callback_secret is not set: one is generated and kept.\n";
  if (s.opts.yookassa.secret_key.empty() || s.opts.yookassa.shop_id.empty())
    out << "default  YOOKASSA_SHOP_ID and YOOKASSA_SECRET_KEY are not both set: credits are sold for Stars "
           "only.\n";
  const auto& writer = s.opts.prompt_writer;
  if (!writer.on())
    out << "default  prompt_writer.api_url is not set: presets and users' words are the prompts as they "
           "are.\n";
  else if (writer.api_key.empty())
    out << "default  PROMPT_WRITER_API_KEY is not set: the prompt writer is asked without a key.\n";
  out << (ready ? "Ready for live operation.\n" : "Not ready for live operation.\n");
  return out.str();
}

} // namespace troupe::config
