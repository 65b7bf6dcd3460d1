#include "client/completion.hpp"

namespace tutti::detail {

CompletionQueue::CompletionQueue() : shared_(std::make_shared<Shared>()) {}
CompletionQueue::~CompletionQueue() = default;

void CompletionQueue::add(Target target, std::uint64_t tag) {
  Core::of(*target.handle).watch(target, shared_, tag);
}

bool CompletionQueue::next(Completion& completion, Timeout timeout) {
  return Core::current("as_completed").next_completion(*shared_, completion, timeout);
}

void wait_or_raise(std::span<const Target> targets) {
  CompletionQueue queue;
  for (std::size_t number = 0; number < targets.size(); ++number) {
    targets[number].handle->observed = true;
    queue.add(targets[number], number);
  }
  CompletionQueue::Completion ended;
  for (std::size_t count = 0; count < targets.size(); ++count) {
    if (!queue.next(ended, forever)) return;
    const Target& target = targets[ended.tag];
    Core& core = Core::of(*target.handle);
    if (core.status(target) != Status::error) continue;
    throw_failure(core.failure(target));
  }
}

bool CompletionQueue::has_ready() const {
  return Core::current("as_completed").peek_completion(*shared_);
}

}  // namespace tutti::detail
