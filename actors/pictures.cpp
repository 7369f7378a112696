/// Fetches users' pictures and has them made as models take them: one file at a time, on a thread of its own,
/// so that a long film being made smaller keeps no card waiting.
#include "net/pictures.hpp"
#include "actors/log.hpp"
#include "actors/spawn.hpp"
#include "net/media_tools.hpp"
#include "net/outside_answer.hpp"
#include "net/telegram.hpp"
#include <filesystem>
#include <nlohmann/json.hpp>

namespace troupe {
namespace {

constexpr std::size_t waiting_max = 64; // pictures; later ones are told to come again

picture_facts bad(picture_state state, std::string why, pictures::kind k = pictures::kind::unknown) {
  return {state, pictures::name_of(k), 0, 0, std::move(why)};
}

/// It came in place of the picture, and says nothing of it.
bool is_a_page(const std::string& head) {
  http_reply text;
  text.body = head;
  return outside::content_of(text) == outside::content::page || head.rfind("{\"ok\":", 0) == 0;
}

/// Every picture is made anew, also one that would do as it is: a photo may hold the place where it was
/// taken, and what else a file hides is for nobody outside.
picture_facts make(const picture_on_disk& x) {
  using pictures::kind;
  const auto head = pictures::head_of(x.path);
  const auto k = pictures::kind_of(head);
  if (k == kind::heic) return bad(picture_state::heic, "HEIC", k);
  if (k == kind::svg) return bad(picture_state::vector, "SVG", k);
  if (k == kind::webp_moving) return bad(picture_state::moving, "an animated WebP", k);
  if (k == kind::unknown && is_a_page(head))
    return bad(picture_state::not_looked_at, "a page came in place of the picture", k);
  if (k == kind::unknown) return bad(picture_state::no_picture, "no known picture", k);
  const bool only_tried = x.save_to.empty();
  const auto jpeg = only_tried ? x.path + ".tried.jpg" : x.save_to;
  try {
    const auto says = pictures::size_of(x.path, k);
    if (says.pixels() > pictures::pixels_max)
      return {picture_state::huge, pictures::name_of(k), says.width, says.height, "too many pixels"};
    const auto made = pictures::make_jpeg(x.path, k, jpeg, x.limits.side_px_max, x.limits.bytes_max);
    std::error_code ignored;
    if (only_tried) std::filesystem::remove(jpeg, ignored);
    return {picture_state::good, pictures::name_of(k), made.width, made.height, ""};
  } catch (const media::tool_missing& e) {
    return bad(picture_state::not_looked_at, e.what(), k);
  } catch (const std::exception& e) { // a broken program is not the picture's fault
    return bad(media::tools_work() ? picture_state::no_picture : picture_state::not_looked_at, e.what(), k);
  }
}

picture_worker_actor::behavior_type picture_worker(picture_worker_actor::pointer self) {
  self->set_error_handler([](caf::error&) {});
  return {[](const picture_on_disk& x) {
    try {
      return make(x);
    } catch (const std::exception& e) { // the disk, or memory: not the picture's fault
      return bad(picture_state::not_looked_at, e.what());
    }
  }};
}

struct desk_state {
  desk_state() {}
  static inline const char* name = "pictures";
  struct task {
    picture_wanted what;
    std::string path; ///< while it is here
    caf::typed_response_promise<picture_facts> promise;
  };
  context_ptr ctx;
  http_actor files;
  picture_worker_actor worker;
  std::size_t in_work = 0;

  telegram::bot bot() const { return {ctx->opts().telegram.api_url, ctx->opts().telegram.bot_token}; }
  /// Named as a job's files are: what a crash leaves is swept with them.
  std::string fresh_path() const {
    return ctx->files_dir() + "/" + storage::random_hex(storage::file_token_bytes) + "-look";
  }
};
using desk_ptr = pictures_actor::stateful_pointer<desk_state>;
using task_ptr = std::shared_ptr<desk_state::task>;

void finish(desk_ptr self, const task_ptr& t, picture_facts f) {
  std::error_code ignored;
  if (!t->path.empty()) std::filesystem::remove(t->path, ignored);
  if (f.state != picture_state::good) log("pictures")->info("a picture was not made: {} {}", f.kind, f.why);
  --self->state.in_work;
  t->promise.deliver(std::move(f));
}

void have_made(desk_ptr self, const task_ptr& t) {
  auto& s = self->state;
  self->request(s.worker, caf::infinite, picture_on_disk{t->path, t->what.save_to, t->what.limits})
      .then([=](picture_facts& f) { finish(self, t, std::move(f)); },
            [=](caf::error&) { finish(self, t, bad(picture_state::not_looked_at, "the worker fell")); });
}

/// A proxy's or the server's own words in place of the file, as its header calls them.
bool is_called_text(const http_reply& r) {
  const auto type = outside::header_of(r, "content-type");
  const bool text = type.rfind("text/", 0) == 0 || type.rfind("application/json", 0) == 0;
  return text && pictures::kind_of(r.saved_head) == pictures::kind::unknown;
}

void download(desk_ptr self, const task_ptr& t, const std::string& file_path) {
  auto& s = self->state;
  t->path = s.fresh_path();
  auto request = telegram::download(s.bot(), file_path, t->path);
  self->request(s.files, caf::infinite, std::move(request))
      .then(
          [=](const http_reply& r) {
            if (r.error == http_error::too_large)
              return finish(self, t, bad(picture_state::heavy, "more than a bot may fetch"));
            if (r.error != http_error::none || r.status != 200 || is_called_text(r))
              return finish(self, t, bad(picture_state::not_looked_at, "Telegram did not give the file"));
            have_made(self, t);
          },
          [=](caf::error&) {
            finish(self, t, bad(picture_state::not_looked_at, "the HTTP worker is gone"));
          });
}

/// Telegram's "file is too big" and "wrong file_id" will be the same tomorrow.
picture_facts refused(const telegram::answer& a) {
  if (a.what != telegram::outcome::our_mistake) return bad(picture_state::not_looked_at, a.description);
  const bool heavy = a.description.find("too big") != a.description.npos;
  return bad(heavy ? picture_state::heavy : picture_state::gone, a.description);
}

void locate(desk_ptr self, const task_ptr& t) {
  auto& s = self->state;
  auto question = telegram::call(s.bot(), "getFile", nlohmann::json{{"file_id", t->what.file_id}}.dump());
  self->request(s.files, caf::infinite, std::move(question))
      .then(
          [=](const http_reply& r) {
            const auto a = telegram::read_answer(r);
            if (a.what == telegram::outcome::delivered && !a.file_path.empty())
              return download(self, t, a.file_path);
            finish(self, t,
                   a.what == telegram::outcome::delivered ? bad(picture_state::heavy, "no path to it")
                                                          : refused(a));
          },
          [=](caf::error&) {
            finish(self, t, bad(picture_state::not_looked_at, "the HTTP worker is gone"));
          });
}

pictures_actor::behavior_type pictures_desk(desk_ptr self, const context_ptr& ctx, const http_actor& files,
                                            const picture_worker_actor& worker) {
  self->set_error_handler([](caf::error&) {});
  auto& s = self->state;
  s.ctx = ctx, s.files = files, s.worker = worker;
  return {[self](picture_wanted& w) -> caf::result<picture_facts> {
    auto& st = self->state;
    if (st.in_work >= waiting_max) return bad(picture_state::not_looked_at, "too many pictures wait");
    ++st.in_work;
    auto t = std::make_shared<desk_state::task>();
    t->what = std::move(w);
    t->promise = self->make_response_promise<picture_facts>();
    auto promise = t->promise;
    locate(self, t);
    return promise;
  }};
}

} // namespace

picture_worker_actor spawn_picture_worker(caf::actor_system& sys) {
  return sys.spawn<caf::detached>(picture_worker);
}

pictures_actor spawn_pictures(caf::actor_system& sys, context_ptr ctx, http_actor files,
                              picture_worker_actor worker) {
  return sys.spawn(pictures_desk, std::move(ctx), std::move(files), std::move(worker));
}

} // namespace troupe
