#pragma once

/// DataExchange: brings values from the rank that holds them, and serves those that others ask for.
/// Large buffers are sent from and received into their place; between ranks that share memory they
/// are copied there once, when the first rank asks, and read where they lie.

#include "protocol/messages.hpp"
#include "runtime/loading.hpp"
#include "runtime/node_sharing.hpp"
#include "runtime/node_values.hpp"
#include "runtime/outbox.hpp"
#include "runtime/progress_engine.hpp"
#include "transport/transport.hpp"
#include "tutti/detail/value.hpp"
#include "worker/store.hpp"

#include <tsl/robin_map.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace tutti::runtime {

class DataExchange {
 public:
  using Answer = protocol::Data::Answer;
  /// What came of a request. Without a value `problem` says why.
  struct Arrived {
    Answer answer = Answer::found;
    detail::ValuePtr value;
    std::uint64_t bytes = 0;
    std::string problem;
  };
  using OnValue = std::function<void(Arrived arrived)>;

  /// `may_replace` tells whether nobody looks at values of the store.
  DataExchange(transport::Transport& transport, Outbox& outbox, worker::Store& store,
               ProgressEngine& engine, const NodeSharing& sharing,
               std::function<bool()> may_replace)
      : transport_(transport),
        outbox_(outbox),
        store_(store),
        engine_(engine),
        sharing_(sharing),
        may_replace_(std::move(may_replace)) {}

  /// How values of this rank are brought back that are away.
  void set_loader(LoadValue load) { load_ = std::move(load); }

  /// Asks `holder`, which may be this rank, for a value. `sequence` tells how long it is worth
  /// waiting for, see protocol::InputRef. With `own_copy` nothing of the value is shared with
  /// others, so that it can be moved from.
  void fetch(int holder, TaskId id, std::uint32_t sequence, OnValue on_value,
             bool own_copy = false);
  /// Asks for elements [begin, begin + count) of a sequence, which lie in one stretch there.
  void fetch_slice(int holder, TaskId id, std::uint64_t begin, std::uint64_t count,
                   OnValue on_value);
  /// The same for plain elements on another rank, which arrive in `place`; `on_value` gets no
  /// value.
  void fetch_slice_into(int holder, TaskId id, std::uint64_t begin, std::uint64_t count,
                        MutableBuffer place, OnValue on_value);

  /// Serves what is in the store. False when it is not there.
  bool serve(int to, const protocol::Fetch& message);
  void refuse(int to, std::uint64_t request, Answer answer, const std::string& why = {});
  void on_data(int from, const protocol::Data& message);

  std::uint64_t bytes_sent() const { return bytes_sent_; }
  /// Large transfers that came in since the last call: bytes, and the time that they took.
  protocol::Transfer take_transfers();

 private:
  struct Arrival;
  struct Request {
    int holder = 0;
    protocol::Fetch message;
    OnValue on_value;
  };
  struct Asker {
    int rank = 0;
    std::uint64_t request = 0;
  };
  struct CopyJob;

  void request(int holder, protocol::Fetch message, OnValue on_value);
  std::uint32_t send_head(int to, protocol::Data head, const std::shared_ptr<const Writer>& writer);
  void share_value(Asker asker, const protocol::Fetch& message, const detail::ValuePtr& value,
                   const std::shared_ptr<Writer>& writer);
  void begin_copy(const std::shared_ptr<CopyJob>& job);
  void finish_copy(CopyJob& job, std::optional<NodeBuffers> buffers);
  void replace_by_copy(CopyJob& job, const NodeCopy& copy);
  void tell_place(Asker asker, const detail::ValueOps& ops, const NodeCopy& copy);
  void discard_stream(int from, const protocol::Data& message);
  void give_own(worker::ValueKey key, const OnValue& on_value);
  void send(int to, const protocol::Fetch& message, const detail::ValuePtr& value);
  void send_value(int to, std::uint64_t request, const detail::ValuePtr& value,
                  const std::shared_ptr<Writer>& writer);
  static void read_arrival(Arrival& arrival, std::vector<MutableBuffer>& destinations);
  void read_stream(const std::shared_ptr<Arrival>& arrival);
  void buffer_arrived(const std::shared_ptr<Arrival>& arrival);

  transport::Transport& transport_;
  Outbox& outbox_;
  worker::Store& store_;
  ProgressEngine& engine_;
  const NodeSharing& sharing_;
  std::function<bool()> may_replace_;
  tsl::robin_map<std::uint64_t, Request> requests_;
  std::map<const detail::Value*, std::shared_ptr<CopyJob>> copying_;
  LoadValue load_;
  tsl::robin_map<std::uint64_t, MutableBuffer> places_;  ///< of requests whose elements have one
  protocol::Transfer transfers_;
  std::uint64_t next_request_ = 1;
  std::uint32_t next_tag_ = 1;
  std::uint64_t bytes_sent_ = 0;
};

/// Reads a value whose stream is here; its out-of-band buffers are in `destinations` and arrive
/// later. Throws what its type throws.
detail::ValuePtr read_value_stream(const detail::ValueOps& ops, std::span<const std::byte> stream,
                                   std::span<const std::uint64_t> buffer_bytes,
                                   std::vector<MutableBuffer>& destinations);

/// The token of a type's operations, as messages carry it, and back.
struct TypeToken {
  explicit TypeToken(const detail::ValueOps& ops);
  std::span<const std::byte> bytes() const { return bytes_; }
  static const detail::ValueOps& decode(std::span<const std::byte> bytes);

 private:
  std::byte bytes_[16];
};

}  // namespace tutti::runtime
