#pragma once
/// A user's picture on its way to a model: what may be wrong with it, and who looks.
#include <caf/all.hpp>
#include <cstdint>
#include <string>

namespace troupe {

/// What a model takes. Larger pictures are made smaller; smaller ones are refused.
struct picture_limits {
  int side_px_max = 4096;
  std::int64_t bytes_max = 10'000'000;
};

enum class picture_state : std::uint8_t {
  good,
  no_picture,   ///< Nothing that we know as a picture, or a broken one.
  heic,         ///< Of an Apple device; ffmpeg of Debian 12 cannot read it, and later ones read a tile of it.
  vector,       ///< SVG: has no pixels.
  moving,       ///< An animated WebP.
  huge,         ///< More pixels than we decode.
  heavy,        ///< More bytes than Telegram gives to a bot.
  gone,         ///< Telegram does not have the file any more.
  not_looked_at ///< Not now: Telegram did not answer, or too many others wait.
};

struct picture_facts {
  picture_state state = picture_state::not_looked_at;
  std::string kind;          ///< "jpeg", "png", "tiff", ...; "" when nobody knows it
  int width = 0, height = 0; ///< As it is seen, once it is good; of a huge one as it says.
  std::string why;           ///< For the log
};

/// Telegram's file, made to a JPEG as a model takes it. Nothing is kept but `save_to`.
struct picture_wanted {
  std::string file_id;
  std::string save_to; ///< "": it is only tried
  picture_limits limits;
};
/// The same of a file that is here.
struct picture_on_disk {
  std::string path, save_to;
  picture_limits limits;
};

/// Fetches from Telegram and has it made.
using pictures_actor = caf::typed_actor<caf::replies_to<picture_wanted>::with<picture_facts>>;
/// Blocks: ffmpeg runs.
using picture_worker_actor = caf::typed_actor<caf::replies_to<picture_on_disk>::with<picture_facts>>;

} // namespace troupe

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::picture_wanted)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::picture_on_disk)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::picture_facts)
