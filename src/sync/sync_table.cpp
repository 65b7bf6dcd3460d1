#include "sync/sync_table.hpp"

namespace tutti::sync {

SyncTable::Kind SyncTable::kind_of(Operation operation) {
  switch (operation) {
    case Operation::lock:
    case Operation::unlock:
    case Operation::lock_is_held:
      return Kind::lock;
    case Operation::semaphore_acquire:
    case Operation::semaphore_release:
    case Operation::semaphore_value:
      return Kind::semaphore;
    case Operation::event_wait:
    case Operation::event_set:
    case Operation::event_clear:
    case Operation::event_is_set:
      return Kind::event;
    case Operation::queue_put:
    case Operation::queue_get:
    case Operation::queue_size:
    case Operation::queue_close:
      return Kind::queue;
    case Operation::variable_set:
    case Operation::variable_get:
    case Operation::variable_delete:
      return Kind::variable;
    case Operation::barrier_wait:
      return Kind::barrier;
    case Operation::topic_publish:
    case Operation::topic_subscribe:
    case Operation::topic_unsubscribe:
    case Operation::topic_next:
      break;
  }
  return Kind::topic;
}

void SyncTable::on_request(const Request& request, Answers& answers) {
  if (request.names.empty()) {
    answers.push_back(refused(request.id, "a lock of no names was used"));
    return;
  }
  const std::size_t first = answers.size();
  waiting_.emplace(request.id, kind_of(request.operation));
  perform(request, answers);
  forget_answered(answers, first);
}

void SyncTable::perform(const Request& request, Answers& answers) {
  switch (request.operation) {
    case Operation::lock:
      return locks_.acquire(request, answers);
    case Operation::unlock:
      return locks_.release(request, answers);
    case Operation::lock_is_held:
      return locks_.is_held(request, answers);
    case Operation::semaphore_acquire:
      return semaphores_.acquire(request, answers);
    case Operation::semaphore_release:
      return semaphores_.release(request, answers);
    case Operation::semaphore_value:
      return semaphores_.value(request, answers);
    case Operation::event_wait:
      return events_.wait(request, answers);
    case Operation::event_set:
      return events_.set(request, answers);
    case Operation::event_clear:
      return events_.clear(request, answers);
    case Operation::event_is_set:
      return events_.is_set(request, answers);
    case Operation::queue_put:
      return queues_.put(request, answers);
    case Operation::queue_get:
      return queues_.get(request, answers);
    case Operation::queue_size:
      return queues_.length(request, answers);
    case Operation::queue_close:
      return queues_.close(request, answers);
    case Operation::variable_set:
      return variables_.set(request, answers);
    case Operation::variable_get:
      return variables_.get(request, answers);
    case Operation::variable_delete:
      return variables_.remove(request, answers);
    case Operation::barrier_wait:
      return barriers_.wait(request, answers);
    case Operation::topic_publish:
      return topics_.publish(request, answers);
    case Operation::topic_subscribe:
      return topics_.subscribe(request, answers);
    case Operation::topic_unsubscribe:
      return topics_.unsubscribe(request, answers);
    case Operation::topic_next:
      return topics_.next(request, answers);
  }
}

void SyncTable::forget_answered(const Answers& answers, std::size_t first) {
  for (std::size_t index = first; index < answers.size(); ++index)
    waiting_.erase(answers[index].to);
}

bool SyncTable::cancel(Kind kind, RequestId id, Answers& answers) {
  switch (kind) {
    case Kind::lock:
      return locks_.cancel(id, answers);
    case Kind::semaphore:
      return semaphores_.cancel(id, answers);
    case Kind::event:
      return events_.cancel(id, answers);
    case Kind::queue:
      return queues_.cancel(id, answers);
    case Kind::variable:
      return variables_.cancel(id, answers);
    case Kind::barrier:
      return barriers_.cancel(id, answers);
    case Kind::topic:
      break;
  }
  return topics_.cancel(id, answers);
}

void SyncTable::on_cancel(RequestId id, Answers& answers) {
  const auto found = waiting_.find(id);
  if (found == waiting_.end()) return;
  const std::size_t first = answers.size();
  cancel(found->second, id, answers);
  forget_answered(answers, first);
}

template <class IsGone>
void SyncTable::drop_holders(IsGone is_gone, Answers& answers) {
  locks_.drop(is_gone, answers);
  semaphores_.drop(is_gone, answers);
  topics_.drop(is_gone, answers);
}

void SyncTable::on_task_ended(std::int32_t rank, std::uint64_t task, Answers& answers) {
  const std::size_t first = answers.size();
  drop_holders([&](const Holder& holder) { return holder.rank == rank && holder.task == task; },
               answers);
  forget_answered(answers, first);
}

void SyncTable::on_rank_lost(std::int32_t rank, Answers& answers) {
  const std::size_t first = answers.size();
  drop_holders([rank](const Holder& holder) { return holder.rank == rank; }, answers);
  events_.drop_rank(rank);
  queues_.drop_rank(rank);
  variables_.drop_rank(rank);
  barriers_.drop_rank(rank, answers);
  forget_answered(answers, first);
  std::erase_if(waiting_, [rank](const auto& entry) { return entry.first.rank == rank; });
}

}  // namespace tutti::sync
