#pragma once
/// What every actor of one engine shares: settings, the wall clock and the health board.
#include "actors/health_board.hpp"
#include "actors/office_board.hpp"
#include "actors/sales_board.hpp"
#include "actors/tuning.hpp"
#include "messages/steps.hpp"
#include "storage/files.hpp"
#include <functional>
#include <memory>

namespace troupe {

class error_tally;

struct engine_context {
  mutable settings_shelf settings; ///< replaced by `tuned` alone
  std::shared_ptr<tuning> tuned = std::make_shared<tuning>();
  std::shared_ptr<error_tally> errors; ///< the log's; none: nobody looks
  std::function<unix_ms()> now;        ///< Wall clock; virtual in tests.
  std::shared_ptr<health_board> health = std::make_shared<health_board>();
  std::shared_ptr<sales_board> sales = std::make_shared<sales_board>();
  std::shared_ptr<office_board> office = std::make_shared<office_board>();
  std::string callback_secret;
  std::string webhook_secret; ///< Telegram's posts carry it
  /// Test only: called for each step of a batch, before its commit and after it. May throw before.
  std::function<void(durable_step, bool committed)> at_step;

  /// "": updates are polled.
  std::string webhook_url() const {
    auto& o = settings->opts;
    return o.telegram.webhook && !o.web.public_url.empty() ? o.web.public_url + "/telegram/webhook" : "";
  }
  const config::options& opts() const { return settings->opts; }
  /// Pictures and videos on their way.
  std::string files_dir() const {
    return storage::files_folder_of(opts().storage.database_path, opts().storage.files_dir);
  }
};
using context_ptr = std::shared_ptr<const engine_context>;

} // namespace troupe
