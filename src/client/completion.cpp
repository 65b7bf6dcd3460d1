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

bool CompletionQueue::has_ready() const {
  return Core::current("as_completed").peek_completion(*shared_);
}

}  // namespace tutti::detail
