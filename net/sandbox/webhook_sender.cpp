#include "net/sandbox/webhook_sender.hpp"
#include "net/sandbox/replies.hpp"
#include <chrono>
#include <httplib.h>

namespace troupe::sandbox {

webhook_sender::webhook_sender(telegram_world& world, std::mutex& mutex,
                               std::condition_variable& updates_changed, std::function<void()> wake,
                               std::function<void(http_call)> note)
    : world_(world), mutex_(mutex), updates_changed_(updates_changed), wake_(std::move(wake)),
      note_(std::move(note)) {}

webhook_sender::~webhook_sender() { stop(); }

void webhook_sender::start() {
  thread_ = std::thread([this] { run(); });
}

void webhook_sender::stop() {
  if (!thread_.joinable()) return;
  {
    std::unique_lock lock(mutex_);
    stopping_ = true;
    updates_changed_.notify_all();
    do {
      // Ends a post that waits for its answer; one that is only about to begin needs it again.
      if (client_) client_->stop();
    } while (!updates_changed_.wait_for(lock, std::chrono::milliseconds(20), [this] { return ended_; }));
  }
  thread_.join();
}

void webhook_sender::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    const auto post = world_.next_post(now_ms());
    if (!post) {
      updates_changed_.wait_for(lock, std::chrono::milliseconds(250)); // a repeat may fall due
      continue;
    }
    const auto slash = post->url.find('/', post->url.find("://") + 3);
    const auto origin = post->url.substr(0, slash);
    if (origin != origin_) {
      origin_ = origin;
      client_ = std::make_shared<httplib::Client>(origin);
      client_->set_keep_alive(true);
      client_->set_tcp_nodelay(true);
      client_->set_connection_timeout(3);
      client_->set_read_timeout(60); // as long as Telegram waits
    }
    lock.unlock();
    const int status = send(*post);
    lock.lock();
    world_.posted(*post, status, now_ms());
    wake_();
  }
  ended_ = true;
  updates_changed_.notify_all();
}

int webhook_sender::send(const webhook_post& post) {
  const auto slash = post.url.find('/', post.url.find("://") + 3);
  const std::string path = slash == std::string::npos ? "/" : post.url.substr(slash);
  httplib::Headers headers;
  if (!post.secret.empty()) headers.emplace("X-Telegram-Bot-Api-Secret-Token", post.secret);
  const auto began = now_ms();
  const auto res = client_->Post(path.c_str(), headers, post.body, "application/json");
  note_({.at = began,
         .took_ms = now_ms() - began,
         .service = "telegram",
         .method = "POST",
         .path = path,
         .request = post.body,
         .response = res ? res->body : "",
         .status = res ? res->status : 0,
         .out = true});
  return res ? res->status : 0;
}

} // namespace troupe::sandbox
