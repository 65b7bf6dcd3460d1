#include "worker/task_context.hpp"

#include <utility>

namespace tutti::worker {
namespace {

thread_local TaskContext* current = nullptr;

/// The last step of splitmix64: neighbours get numbers that are far from each other.
std::uint64_t mixed(std::uint64_t word) {
  word += 0x9e3779b97f4a7c15ull;
  word = (word ^ (word >> 30)) * 0xbf58476d1ce4e5b9ull;
  word = (word ^ (word >> 27)) * 0x94d049bb133111ebull;
  return word ^ (word >> 31);
}

}  // namespace

std::string TaskContext::name() const {
  std::string text = ops == nullptr ? "a task" : ops->name(payload);
  if (range != nullptr) text += "[" + std::to_string(element()) + "]";
  return text;
}

void TaskContext::begin_element() {
  if (known_element_ == element()) return;
  known_element_ = element();
  children_ = 0;
  random_.reset();
}

std::uint64_t TaskContext::next_stream() {
  begin_element();
  return mixed(mixed(stream ^ mixed(element())) + ++children_);
}

bool TaskContext::progress_is_due() {
  constexpr std::chrono::milliseconds interval(100);
  const auto now = std::chrono::steady_clock::now();
  if (now < next_progress_) return false;
  next_progress_ = now + interval;
  return true;
}

Random& TaskContext::random(std::uint64_t seed) {
  begin_element();
  if (!random_) random_.emplace(seed, stream, element());
  return *random_;
}

TaskContext* current_task() { return current; }

TaskScope::TaskScope(TaskContext* context) : outer_(std::exchange(current, context)) {}
TaskScope::~TaskScope() { current = outer_; }

}  // namespace tutti::worker
