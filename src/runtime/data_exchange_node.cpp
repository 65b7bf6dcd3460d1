// The part of DataExchange between ranks that share memory: buffers are copied there once, without
// the rank's lock, and announced to whoever asks.

#include "base/value_company.hpp"
#include "runtime/data_exchange.hpp"
#include "tutti/check.hpp"
#include "tutti/detail/elements.hpp"

#include <utility>

namespace tutti::runtime {

using detail::ValueCompany;
using detail::ValueOps;
using detail::ValuePtr;

/// A copy that is being made, and those who wait for it.
struct DataExchange::CopyJob {
  TaskId id;
  bool whole = false;  ///< not only a slice
  ValuePtr value;
  std::shared_ptr<Writer> writer;
  std::vector<Asker> askers;
};

void DataExchange::share_value(Asker asker, const protocol::Fetch& message, const ValuePtr& value,
                               const std::shared_ptr<Writer>& writer) {
  if (std::optional<NodeBuffers> there = find_on_node(*sharing_.store, writer->buffers())) {
    value->forbid_moves();
    tell_place(asker, value->ops(), {writer, std::move(*there)});
    return;
  }
  bool whole = true;
  if (message.slice) {
    const auto& elements = static_cast<const detail::ElementsBase&>(*value);
    whole = message.begin == elements.begin && message.count == elements.count;
  }
  if (whole) {
    if (const detail::Keeper kept = ValueCompany::kept(*value)) {
      tell_place(asker, value->ops(), *static_cast<const NodeCopy*>(kept.get()));
      return;
    }
    if (const auto job = copying_.find(value.get()); job != copying_.end()) {
      job->second->askers.push_back(asker);
      return;
    }
  }
  auto job = std::make_shared<CopyJob>(CopyJob{message.id, whole, value, writer, {asker}});
  if (whole) copying_[value.get()] = job;
  begin_copy(job);
}

void DataExchange::begin_copy(const std::shared_ptr<CopyJob>& job) {
  engine_.defer([this, job] {
    std::optional<NodeBuffers> buffers;
    try {
      buffers = copy_to_node(*sharing_.store, job->writer->buffers());
    } catch (const std::bad_alloc&) {
      // It is sent instead.
    }
    const std::lock_guard lock(engine_.mutex());
    finish_copy(*job, std::move(buffers));
    outbox_.flush();
  });
  engine_.hand_over();
}

void DataExchange::finish_copy(CopyJob& job, std::optional<NodeBuffers> buffers) {
  if (job.whole) copying_.erase(job.value.get());
  if (!buffers) {
    for (const Asker& asker : job.askers)
      send_value(asker.rank, asker.request, job.value, job.writer);
    return;
  }
  const auto copy = std::make_shared<const NodeCopy>(NodeCopy{job.writer, std::move(*buffers)});
  for (const Asker& asker : job.askers) tell_place(asker, job.value->ops(), *copy);
  if (!job.whole) return;
  replace_by_copy(job, *copy);
  if (job.value) ValueCompany::keep(*job.value, copy);
}

/// Where nobody else has the value it is given up for its copy, so that memory holds it once.
void DataExchange::replace_by_copy(CopyJob& job, const NodeCopy& copy) {
  if (job.id.is_group() || store_.find(job.id) != job.value.get() || !may_replace_()) return;
  const ValueOps& ops = job.value->ops();
  const detail::Value* const old = job.value.get();
  job.value = ValuePtr();
  if (!old->is_shared()) {
    try {
      store_.replace(job.id, read_and_keep(ops, copy));
      return;
    } catch (...) {
      // Its type could not be read here either; it stays as it is.
    }
  }
  old->retain();
  job.value = ValuePtr(const_cast<detail::Value*>(old));
}

void DataExchange::tell_place(Asker asker, const ValueOps& ops, const NodeCopy& copy) {
  const TypeToken type(ops);
  const std::vector<std::uint64_t> sizes = sizes_of(copy.stream->buffers());
  announce(*sharing_.store, copy.buffers,
           sharing_.local_ranks[static_cast<std::size_t>(asker.rank)]);
  protocol::Data answer;
  answer.request = asker.request;
  answer.token = type.bytes();
  answer.buffer_bytes = protocol::PackedList<std::uint64_t>(std::span<const std::uint64_t>(sizes));
  answer.blocks = protocol::PackedList<protocol::BlockRef>(
      std::span<const protocol::BlockRef>(copy.buffers.refs));
  (void)send_head(asker.rank, answer, copy.stream);
}

/// The stream of an answer that is of no use comes all the same when it is beside.
void DataExchange::discard_stream(int from, const protocol::Data& message) {
  if (message.stream.size() == message.stream_bytes) return;
  auto discarded = std::make_shared<Bytes>(static_cast<std::size_t>(message.stream_bytes));
  transport_.receive_bulk(from, message.tag, {discarded->data(), discarded->size()},
                          [discarded] {});
}

}  // namespace tutti::runtime
