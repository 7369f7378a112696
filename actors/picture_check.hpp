#pragma once
/// Whether a picture can become a video, asked before its price is shown. Pure.
#include "config/config.hpp"
#include "messages/pictures.hpp"
#include "net/telegram.hpp"
#include <optional>
#include <string>
#include <vector>

namespace troupe {

/// A model's wishes; of an unknown one the usual ones.
picture_limits limits_of(const std::vector<config::model>& models, const std::string& model_id);

/// What the session shall have looked at.
struct picture_request {
  std::string file_id;
  picture_limits limits;
};

namespace picture_check {

inline constexpr std::int64_t telegram_bytes_max = 20'000'000; // what Telegram gives to a bot

/// The key of a sentence and what it names; nothing when the picture is good.
struct trouble {
  std::string key;
  config::texts::args args;
};
/// What the update itself says is enough to refuse it.
std::optional<trouble> at_once(const telegram::event& e);
/// Smaller than any model takes. Sizes that nobody knows are good.
std::optional<trouble> too_small(const std::vector<config::model>& models, int width, int height);
/// What was seen.
std::optional<trouble> seen(const picture_facts& f);

} // namespace picture_check
} // namespace troupe
