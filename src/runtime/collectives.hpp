#pragma once

/// Collectives: broadcasts, scatters and gathers that rank 0 announces. All ranks enter them in the
/// order of the announcements, one after the other, while tasks go on running.

#include "protocol/messages.hpp"
#include "runtime/data_exchange.hpp"
#include "runtime/node_sharing.hpp"
#include "runtime/node_values.hpp"
#include "runtime/outbox.hpp"
#include "transport/transport.hpp"
#include "tutti/detail/value.hpp"
#include "worker/store.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace tutti::runtime {

/// A stretch of a sequence and the rank where it goes or lies.
struct Share {
  int rank = 0;
  std::uint64_t begin = 0;
  std::uint64_t count = 0;
};

/// What a rank sends to a gather: the stretches that begin there, and their bytes in all, each as
/// write() gives it.
struct GatherPart {
  std::uint64_t bytes = 0;
  std::vector<std::uint64_t> begins;
};

class Collectives {
 public:
  using OnDefinition = std::function<void(std::span<const std::byte> definition)>;
  /// Something that rank 0 placed is in this rank's store, or could not be kept: then the problem
  /// says why.
  using OnPlaced = std::function<void(TaskId id, const std::string& problem)>;
  using OnGathered = std::function<void(std::vector<detail::ValuePtr> stretches)>;

  Collectives(transport::Transport& transport, Outbox& outbox, worker::Store& store,
              DataExchange& exchange, ProgressEngine& engine, const NodeSharing& sharing,
              OnDefinition on_definition, OnPlaced on_placed)
      : transport_(transport),
        outbox_(outbox),
        store_(store),
        exchange_(exchange),
        engine_(engine),
        sharing_(sharing),
        on_definition_(std::move(on_definition)),
        on_placed_(std::move(on_placed)) {}

  // ---- rank 0

  /// Sends an encoded DefineGroup to all other ranks.
  void announce_definition(TaskId group, Bytes definition);
  /// Puts a value on every rank, or on every node; `done` when rank 0 has sent it.
  void place_value(TaskId id, detail::ValuePtr value, transport::Done done);
  /// Puts the shares of a sequence on their ranks, at most one share a rank.
  void place_sequence(TaskId id, detail::ValuePtr elements, std::vector<Share> shares,
                      transport::Done done);
  /// Brings stretches of a sequence of plain bytes here: of each rank those that are named, which
  /// rank 0 knows to be there when it calls this.
  void gather(TaskId id, const detail::ValueOps& ops, const std::vector<GatherPart>& by_rank,
              OnGathered on_gathered);

  // ---- other ranks

  void on_enter(const protocol::EnterCollective& message);
  void on_shared(int from, const protocol::SharedOnNode& message);
  /// A group is not needed any more. Its definition, if it is still on its way, is dropped when it
  /// comes.
  void on_release(TaskId group);

 private:
  /// What a rank other than 0 was told about a collective.
  struct Operation {
    protocol::EnterCollective::Kind kind{};
    bool large = false;
    bool by_node = false;
    TaskId id;
    std::uint64_t begin = 0;
    std::uint64_t count = 0;
    const detail::ValueOps* ops = nullptr;
    std::vector<std::uint64_t> buffer_bytes;
    Bytes stream;
    detail::ValuePtr value;
    std::string problem;         ///< why there is no value
    std::vector<Bytes> dropped;  ///< where the buffers of a value go that could not be read
  };
  /// Where the leader of this node has put a value.
  struct Told {
    int leader = 0;
    std::optional<NodeBuffers> buffers;
  };
  using Step = std::function<void(transport::Done done)>;

  void enqueue(Step step);
  void start_next();
  void enter_definition(const std::shared_ptr<Operation>& operation, const transport::Done& done);
  void enter_place_value(const std::shared_ptr<Operation>& operation, const transport::Done& done);
  // collectives_node.cpp: a value by node
  void send_by_node(TaskId id, const detail::ValuePtr& value, const std::shared_ptr<Writer>& writer,
                    const transport::Done& done);
  void enter_by_node(const std::shared_ptr<Operation>& operation, const transport::Done& done);
  void receive_for_node(const std::shared_ptr<Operation>& operation, const transport::Done& done);
  void receive_into(const std::shared_ptr<Operation>& operation, std::optional<NodeBuffers> buffers,
                    const transport::Done& done);
  void take_from_leader(const std::shared_ptr<Operation>& operation, const transport::Done& done);
  void finish_from_leader(const std::shared_ptr<Operation>& operation, int leader,
                          std::optional<NodeBuffers> buffers, const transport::Done& done);
  void tell_neighbours(TaskId id, const std::optional<NodeBuffers>& buffers);
  static std::vector<MutableBuffer> read(Operation& operation);
  static void read_from_node(Operation& operation, const NodeBuffers& buffers);
  static void note_problem(Operation& operation);
  void keep(Operation& operation);
  void enter_place_sequence(const std::shared_ptr<Operation>& operation,
                            const transport::Done& done);
  void write_stretches(Operation& operation,
                       const protocol::PackedList<std::uint64_t>& begins) const;
  void enter_gather(const std::shared_ptr<Operation>& operation, const transport::Done& done);
  void send_to_all(const protocol::EnterCollective& message);

  transport::Transport& transport_;
  Outbox& outbox_;
  worker::Store& store_;
  DataExchange& exchange_;
  ProgressEngine& engine_;
  const NodeSharing& sharing_;
  OnDefinition on_definition_;
  OnPlaced on_placed_;
  /// One at a time: a collective of several calls must not mix with the next one.
  std::deque<Step> steps_;
  std::set<TaskId> coming_definitions_;
  /// What leaders said of values that this rank has not come to yet, and the one it waits for.
  std::map<TaskId, Told> told_;
  TaskId awaited_;
  std::function<void()> on_told_;
  bool running_ = false;
};

}  // namespace tutti::runtime
