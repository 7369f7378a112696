#include "net/web_crew.hpp"

namespace troupe {

web_crew::enqueue_result web_crew::enqueue(std::function<void()> task) {
  on_task_();
  {
    std::unique_lock lock(mutex_);
    room_.wait(lock, [this] { return tasks_.size() < web_waiting_max; });
    tasks_.push(std::move(task));
    if (idle_ < tasks_.size() && threads_.size() < web_threads_max) threads_.emplace_back([this] { work(); });
  }
  changed_.notify_one();
  return enqueue_result(true);
}

void web_crew::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    ++idle_;
    changed_.wait(lock, [this] { return over_ || !tasks_.empty(); });
    --idle_;
    if (tasks_.empty()) return;
    auto task = std::move(tasks_.front());
    tasks_.pop();
    lock.unlock();
    room_.notify_one();
    task();
    task = nullptr;
    lock.lock();
  }
}

void web_crew::shutdown() {
  {
    const std::lock_guard lock(mutex_);
    over_ = true;
  }
  changed_.notify_all();
  for (auto& t : threads_) t.join();
}

} // namespace troupe
