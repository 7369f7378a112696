#pragma once
/// The screens between a photo and its card.
#include "actors/dialogue_screens.hpp"

namespace troupe::talk {

/// What to do with the photo: the presets, two in a row, and the user's own text.
screen pick(const painter& paint, const std::vector<config::preset>& presets, const std::string& language,
            const draft& d, bool same_photo);
/// The user's own text.
screen ask_own_text(const painter& paint);
/// The words that a preset has a place for; it can do without.
screen ask_words(const painter& paint, const draft& d);

/// Null when the draft waits for no preset's words, or the preset is not there any more.
const config::preset* preset_of(const std::vector<config::preset>& presets, const draft& d);

/// What is said to a message of a kind that no video is made of.
std::string hint_of(const std::string& media);

/// A photo that still has to be told what to do.
bool photo_waits(const memory& m);

/// "typing..." for as long as the writer writes, at most five seconds.
outgoing typing(std::int64_t chat_id);

} // namespace troupe::talk
