#pragma once
/// What the dialogue remembers between two events, as small JSON.
#include "actors/action_limit.hpp"
#include "messages/work.hpp"
#include <optional>
#include <string>
#include <vector>

namespace troupe::talk {

struct draft {
  std::int64_t id = 0; ///< The update that made it: a repeated press names the same order.
  std::string kind;    ///< "text" | "photo" | "": started at home, takes what comes
  std::string prompt, photo;
  std::string model, aspect;
  int duration = 0;
  bool sound = false;
  int count = 1;                         ///< Videos of this request
  int price = 0;                         ///< Of one, as last shown: nobody pays a price he has not seen.
  std::string preset;                    ///< Chosen, and waiting for the words it has a place for
  std::string album;                     ///< The photo's: the others of it come right after
  bool album_told = false;               ///< that only the first counts
  std::int64_t picked = 0;               ///< The draft whose preset was chosen: a second tap changes nothing.
  int photo_width = 0, photo_height = 0; ///< 0: not known
  std::int64_t said = 0;      ///< The message that holds the prompt: while the card is open its edits count.
  std::int64_t shown = 0;     ///< The update whose answer is the screen of this draft
  unix_ms long_at = 0;        ///< When a text came that may be the first part of a longer one ...
  std::size_t long_chars = 0; ///< ... and how long it was, when it was too long to be kept
};

struct memory {
  std::string screen = "home"; ///< home | kind | pick | wait | edit | card | other, and those of buying
  std::optional<draft> work;
  std::vector<unix_ms> recent; ///< Costly actions of the last minute
  unix_ms warned = 0;
  std::int64_t pressed = 0;            ///< The update counted last: one press has two halves.
  std::int64_t done = 0;               ///< The draft ordered last
  std::string last_photo;              ///< Of the order before: "once more with the same"
  int last_width = 0, last_height = 0; ///< its size, if known
  unix_ms terms = 0;                   ///< When the terms of sale were accepted
  std::string method;                  ///< "s" | "c": whose own amount is awaited
  std::int64_t bought = 0;             ///< The screen that was bought from last
  std::string contact;                 ///< E-mail or phone for receipts
  std::int64_t wanted = 0;             ///< Credits that were asked for and not shown as an offer so far
  std::string office;                  ///< An administrator's work in hand, JSON
  action_limit actions;                ///< Everything of the last minute
  action_limit messages;               ///< What was written or sent in the last seconds
  std::vector<unix_ms> feedback;       ///< Letters to the people behind the bot, of the last minutes
  std::string letter_album;            ///< The last letter's: what else of it comes is part of the letter
  std::int64_t letter_id = 0;          ///< The update it began with
  unix_ms letter_at = 0;               ///< When the last letter came whose second part may follow
  bool letter_refused = false;         ///< It was one too many, and so is the rest of it.
  unix_ms ban_told = 0;
  /// An administrator's last words to a user, as long as more of them may come: the same as with letters.
  struct words_out {
    std::int64_t user_id = 0, id = 0; ///< To whom; the update they began with
    std::string album;
    unix_ms at = 0;
  } told;
};

memory read_memory(const std::string& json); ///< Never throws: broken or old state is home.
std::string write_memory(const memory& m);
/// Home again with nothing in hand. What the person has agreed to or told us, and what limits him, stays.
std::string without_work(const std::string& state);

} // namespace troupe::talk
