#include "net/sandbox/yookassa_page.hpp"
#include "net/sandbox/sandbox.hpp"
#include "net/telegram.hpp"

namespace troupe::sandbox {
namespace {

constexpr const char* no_break = "\u00a0";

std::string roubles(std::int64_t kopecks) {
  std::string digits = std::to_string(kopecks / 100), out;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) out += no_break;
    out += digits[i];
  }
  if (const auto rest = kopecks % 100; rest != 0) out += (rest < 10 ? ",0" : ",") + std::to_string(rest);
  return out + no_break + "₽";
}

/// Telegram is played here, so its links lead to the chat page. Other schemes than the web's are no links.
std::string way_back(const std::string& url) {
  for (const char* telegram : {"https://t.me/", "http://t.me/", "https://telegram.me/", "tg:"})
    if (url.rfind(telegram, 0) == 0) return "/";
  const bool web = url.rfind("https://", 0) == 0 || url.rfind("http://", 0) == 0;
  return web ? url : "/";
}

std::string button(const std::string& kind, const std::string& action, const std::string& text) {
  return "<button class=\"" + kind + "\" name=\"action\" value=\"" + action + "\">" + text + "</button>\n";
}

std::string buttons(const yookassa_bill& b) {
  std::string out = "<form method=\"post\">\n";
  const auto offered = [&b](const std::string& method) {
    return (b.method.empty() || b.method == method) && b.kopecks <= most_for(method);
  };
  if (offered("bank_card")) out += button("main", "bank_card", "Оплатить картой");
  if (offered("sbp")) out += button("main", "sbp", "Оплатить через СБП");
  return out + button("bad", "decline", "Отказ банка") + "</form>\n";
}

std::string in_words(const yookassa_bill& b) {
  if (b.status == "pending") return "Ожидает оплаты";
  if (b.status == "succeeded") return "✓ Оплачено";
  if (b.cancel_reason == "expired_on_confirmation") return "Время на оплату вышло";
  return b.cancel_reason == "insufficient_funds" ? "Банк отказал: не хватает денег" : "Банк отказал в оплате";
}

/// One pass: what was put in is not looked at again.
std::string filled(const std::string& page, const std::map<std::string, std::string>& values) {
  std::string out;
  std::size_t at = 0;
  for (;;) {
    const auto open = page.find("{{", at);
    const auto close = open == std::string::npos ? open : page.find("}}", open);
    if (close == std::string::npos) return out + page.substr(at);
    const auto value = values.find(page.substr(open + 2, close - open - 2));
    out += page.substr(at, open - at) + (value == values.end() ? "" : value->second);
    at = close + 2;
  }
}

} // namespace

std::string yookassa_page(const yookassa_bill& b) {
  return filled(page_file("pay.html"), {{"amount", roubles(b.kopecks)},
                                        {"description", telegram::escape_html(b.description)},
                                        {"state", in_words(b)},
                                        {"kind", b.status},
                                        {"actions", b.status == "pending" ? buttons(b) : ""},
                                        {"back", telegram::escape_html(way_back(b.return_url))}});
}

} // namespace troupe::sandbox
