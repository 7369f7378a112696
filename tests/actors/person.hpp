#pragma once
/// Somebody in front of the rules: says, types, presses, and finds buttons by their label. Who derives from
/// it plays what stands behind the rules.
#include "messages/work.hpp"
#include "net/telegram.hpp"
#include "tests/catch.hpp"
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace troupe::test {

inline bool has(const std::string& all, const std::string& part) { return all.find(part) != all.npos; }

struct person {
  std::vector<outgoing> sent; ///< of the last event

  virtual ~person() = default;
  virtual telegram::event make(telegram::event_kind kind) = 0;
  virtual void happens(const telegram::event& e) = 0;
  virtual std::string data_of(const std::string& label) const = 0; ///< "" when there is no such button

  void says(const std::string& words, const std::string& entities = "") {
    auto e = make(telegram::event_kind::text);
    e.text = words, e.entities = entities;
    happens(e);
  }
  void shows(const std::string& photo, const std::string& caption = "") {
    auto e = make(telegram::event_kind::photo);
    e.photo_file_id = photo, e.text = caption;
    happens(e);
  }
  void types(const std::string& command, const std::string& argument = "") {
    auto e = make(telegram::event_kind::command);
    e.command = command, e.argument = argument;
    happens(e);
  }
  telegram::event press_event(const std::string& data) {
    auto e = make(telegram::event_kind::button);
    e.callback_id = "cb", e.data = data;
    return e;
  }
  void presses_data(const std::string& data) { happens(press_event(data)); }
  bool offers(const std::string& label) const { return !data_of(label).empty(); }
  void presses(const std::string& label) {
    INFO("button " << label);
    REQUIRE(offers(label));
    presses_data(data_of(label));
  }
  const outgoing* method(const std::string& name) const {
    for (auto& m : sent)
      if (m.method == name) return &m;
    return nullptr;
  }
  std::string toast() const {
    const auto m = method("answerCallbackQuery");
    return m ? nlohmann::json::parse(m->params).value("text", "") : "";
  }
};

} // namespace troupe::test
