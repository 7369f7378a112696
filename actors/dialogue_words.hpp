#pragma once
/// What a person has written, as the dialogue takes it: rules about texts. Pure.
#include "actors/dialogue_state.hpp"
#include "net/telegram.hpp"
#include <cstddef>
#include <string>

namespace troupe::words {

/// Without what no model wants to read. Lines stay.
std::string cleaned(std::string text);
/// Something a person can see: letters, digits, signs, emoji. What is made of blanks, zero-width characters,
/// controls, marks without a letter and directions is empty, however many there are.
bool visible(const std::string& text);
std::size_t code_points(const std::string& text);

/// The name of the command that a text or a caption begins with, in small letters; "": it begins with none
/// that we know. "/imagine a cat" and "/ a cat" are words like others.
std::string command_in(const std::string& text);
/// The words for a prompt in a message: of "/generate a cat" the cat; of another command nothing.
std::string prompt_in(const telegram::event& e);

/// Telegram cuts what is longer than 4096 UTF-16 units into messages that follow at once.
inline constexpr std::size_t cut_from_units = 4'000; // clients cut at a blank before the limit
inline constexpr unix_ms parts_apart_max_ms = 10'000;
/// May be followed by its second part.
bool may_go_on(const std::string& text);
/// Cut in a word at the very limit, or at a blank before it, which is lost then.
std::string joined(const std::string& first, const std::string& second);
/// When it was said: by Telegram's clock, which does not know how long we were away.
unix_ms said_at(const telegram::event& e, unix_ms now);

} // namespace troupe::words
