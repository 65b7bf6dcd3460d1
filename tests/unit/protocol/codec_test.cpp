#include "protocol/codec.hpp"

#include "tutti/error.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace tutti::protocol {
namespace {

const std::array<std::byte, 5> some_bytes{std::byte{1}, std::byte{2}, std::byte{0}, std::byte{255},
                                          std::byte{4}};
const std::array<InputRef, 2> some_inputs{InputRef{TaskId::task(3, 4), 0, 1, 2, 7, 1},
                                          InputRef{TaskId::group(5, 6), 77, 5, -1, 0x7fffffffu, 0}};
const std::array<PieceRef, 2> some_pieces{PieceRef{TaskId::group(5, 6), 1, 2, 3, 0},
                                          PieceRef{TaskId::group(7, 8), 9, ~0ull, -1, 1}};
const std::array<NeedRef, 2> some_needs{NeedRef{TaskId::task(3, 4), 0, 1},
                                        NeedRef{TaskId::group(5, 6), ~0ull, 0}};
const std::array<std::int32_t, 3> some_ranks{1, 2, 2147483647};
const std::array<RangeCut, 1> some_cuts{RangeCut{TaskId::group(5, 6), 1, 2, 3}};
const std::array<TaskId, 3> some_ids{TaskId::task(1, 1), TaskId::group(2, 2), TaskId()};
const std::array<std::uint64_t, 2> some_sizes{10, ~0ull};
const std::array<std::int32_t, 2> some_devices{0, 3};
const std::array<BlockRef, 2> some_blocks{BlockRef{1, 2, 3, 4}, BlockRef{~0u, 5, ~0ull, 6}};

template <class T, std::size_t Size>
PackedList<T> list(const std::array<T, Size>& items) {
  return PackedList<T>(std::span<const T>(items));
}

/// One of each kind, with all fields set.
std::vector<Message> all_messages() {
  const TaskId task = TaskId::task(12, 34);
  const TaskId group = TaskId::group(0xffffffffu, 0x7fffffffu);
  return {
      DefineFunction{7, some_bytes, "name"},
      DefineGroup{group, some_bytes, "", 11, 3, 500, list(some_inputs), some_bytes},
      AssignTask{task,
                 9,
                 -32768,
                 true,
                 3,
                 2,
                 500,
                 11,
                 list(some_inputs),
                 some_bytes,
                 {7, 4, list(some_devices)}},
      AssignRange{group, ~0ull, 5, 32767, true, 3, list(some_pieces), {8, 2, list(some_devices)}},
      ReleaseData{list(some_ids)},
      GiveBack{9},
      Probe{3},
      Located{task, -1, 5},
      EnterCollective{EnterCollective::Kind::gather, true, group, 1, 2, 3, some_bytes,
                      list(some_sizes), true, list(some_sizes)},
      Shutdown{},
      Hello{16, 1ull << 40, some_bytes},
      TaskFinished{task, 8, true, some_bytes},
      TaskThrew{task, "std::runtime_error", "what"},
      ElementThrew{group, 3, true, "type", "message"},
      RangeFinished{group, 1, 2, 3},
      Timing{group, 4, 5, 6},
      Replica{task},
      GaveBack{list(some_ids), list(some_cuts)},
      Locate{task},
      Alive{1, 2, 3, 4, 5},
      Transfer{1ull << 40, 5},
      Placed{group, "why"},
      Goodbye{},
      Fetch{1, group, true, 2, 3, 4, true},
      Data{1, Data::Answer::failed, 2, some_bytes, 3, some_bytes, list(some_sizes),
           list(some_blocks)},
      Fragment{true, some_bytes},
      SharedOnNode{task, list(some_blocks)},
      MemoryState{1, 2, 3, 4, true},
      Replicate{some_inputs[0]},
      DropStretch{group, ~0ull},
      Replicated{group, 5, true},
      GrantIds{list(some_ids), list(some_ids)},
      TaskEnded{task, 3, 1ull << 33, true, some_bytes},
      RangeEnded{group, 1, 2, 3, 4},
      GroupEnded{group},
      WorkFailed{group, 7, 2, 3, "type", "message", "function", "task", "host", "story"},
      CancelWork{list(some_ids)},
      RequestIds{64, 4},
      NameFunction{7, some_bytes, "name"},
      SubmitTask{task, 9, -32768, 3, 2, 500, 11, 4, "name", list(some_needs), some_bytes,
                 some_bytes, 12},
      SubmitGroup{group, 9, 32767, 3, 11, 255, 500, 1ull << 40, 8, "name", list(some_needs),
                  list(some_ids), some_bytes, some_bytes},
      PlaceValue{group, 1, 2, true},
      DropFutures{list(some_ids)},
      Waits{5, 2},
      CancelFutures{list(some_ids)},
      Progress{group, 1ull << 40, 0.5},
      ProgressTold{{task, 0, 0.25}},
      SyncRequest{1ull << 40, sync::Operation::topic_next, true, 3, 4, -5, some_bytes, true,
                  some_bytes},
      SyncCancel{7},
      SyncAnswer{8, SyncAnswer::Outcome::refused, -9, true, some_bytes, "problem"},
      SyncTaskEnded{10},
      ClaimEnded{9},
      AssignMember{{task, 9, -3, true, 3, 2, 500, 11, list(some_inputs), some_bytes},
                   std::uint64_t{1} << 40,
                   2,
                   3,
                   7,
                   list(some_ranks)},
      StartGang{12},
      StopGang{std::uint64_t{1} << 40, task},
      DropCommunicator{7, true},
      MemberReady{12},
      MemberFailed{12, "std::runtime_error", "no convergence"},
      MemberEnded{12, 64},
  };
}

void encode_any(Writer& writer, const Message& message) {
  std::visit([&](const auto& each) { encode(writer, each); }, message);
}

/// Equal messages have equal encodings, so comparing those compares every field.
std::vector<std::byte> bytes_of(const Message& message) {
  Writer writer;
  encode_any(writer, message);
  return {writer.bytes().begin(), writer.bytes().end()};
}

TEST_CASE("every kind of message comes back as it was") {
  const auto messages = all_messages();
  CHECK_EQ(messages.size(), std::variant_size_v<Message>);
  for (std::size_t kind = 0; kind < messages.size(); ++kind) {
    CAPTURE(kind);
    CHECK_EQ(messages[kind].index(), kind);
    const auto bytes = bytes_of(messages[kind]);
    Reader reader(bytes);
    const Message back = decode(reader);
    CHECK(reader.at_end());
    CHECK_EQ(back.index(), kind);
    CHECK(bytes_of(back) == bytes);
  }
}

TEST_CASE("the fields of an assignment come back one by one") {
  Writer writer;
  encode(writer, AssignTask{TaskId::task(12, 34), 9, -3, true, 3, 2, 500, 11, list(some_inputs),
                            some_bytes});
  Reader reader(writer.bytes());
  const auto message = std::get<AssignTask>(decode(reader));
  CHECK(message.task == TaskId::task(12, 34));
  CHECK_EQ(message.function, 9);
  CHECK_EQ(message.priority, -3);
  CHECK(message.inline_result);
  CHECK_EQ(message.depth, 3);
  CHECK_EQ(message.attempt, 2);
  CHECK_EQ(message.timeout_ms, 500);
  CHECK_EQ(message.stream, 11);
  REQUIRE_EQ(message.inputs.size(), 2);
  CHECK(message.inputs[0] == some_inputs[0]);
  CHECK(message.inputs[1] == some_inputs[1]);
  CHECK(std::ranges::equal(message.payload, some_bytes));
}

TEST_CASE("the fields of a report of a range come back one by one") {
  Writer writer;
  encode(writer, RangeFinished{TaskId::group(1, 2), 3, 4, 5});
  Reader reader(writer.bytes());
  const auto message = std::get<RangeFinished>(decode(reader));
  CHECK(message.group == TaskId::group(1, 2));
  CHECK_EQ(message.begin, 3);
  CHECK_EQ(message.count, 4);
  CHECK_EQ(message.result_bytes, 5);
}

TEST_CASE("messages have the sizes that the documents state") {
  static_assert(sizeof(InputRef) == 32 && sizeof(PieceRef) == 32 && sizeof(RangeCut) == 32);
  const TaskId task = TaskId::task(5, 1);
  const std::array<std::byte, 16> token{};
  const std::array<std::byte, 4> number{};
  const std::array<InputRef, 1> input{InputRef{TaskId::task(3, 1), 0, 1, 2, 7, 1}};
  const auto size = [](const Message& message) { return bytes_of(message).size(); };
  CHECK_EQ(size(DefineFunction{0, token, "app"}) +
               size(AssignTask{task, 0, 0, true, 0, 1, 0, 0, list(input), number}),
           107);
  CHECK_EQ(size(TaskFinished{task, 4, true, number}), 26);
  CHECK_EQ(size(AssignTask{task, 0, 0, false, 0, 1, 0, 0, {}, {}}), 39);
  CHECK_EQ(size(AssignRange{task, 0, 1'000'000, 0, false, 0, {}}), 34);
  CHECK_EQ(size(RangeFinished{task, 0, 1'000'000, 0}), 33);
  // The last four bytes of a reference: the count of assignments, and whether it is the last use.
  const auto bytes = bytes_of(AssignTask{task, 0, 0, true, 0, 1, 0, 0, list(input), {}});
  const std::array<std::byte, 4> last{std::byte{7}, std::byte{0}, std::byte{0}, std::byte{0x80}};
  CHECK(std::ranges::equal(std::span(bytes).subspan(35 + 28, 4), last));
}

TEST_CASE("a packet is a sequence of messages, which need not be aligned") {
  Writer writer;
  const auto messages = all_messages();
  for (int turn = 0; turn < 3; ++turn) {
    for (const Message& message : messages) encode_any(writer, message);
  }
  Reader reader(writer.bytes());
  for (std::size_t number = 0; number < 3 * messages.size(); ++number) {
    const Message& expected = messages[number % messages.size()];
    CHECK(bytes_of(decode(reader)) == bytes_of(expected));
  }
  CHECK(reader.at_end());
}

/// True when the bytes decode, or are refused as corrupt; anything else fails the test.
bool decodes(std::span<const std::byte> bytes) {
  try {
    Reader reader(bytes);
    while (!reader.at_end()) bytes_of(decode(reader));
    return true;
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::corrupt_data);
    CHECK_NE(std::string(error.what()), "");
    return false;
  }
}

TEST_CASE("a message that is cut short is corrupt, wherever it is cut") {
  for (const Message& message : all_messages()) {
    const auto bytes = bytes_of(message);
    for (std::size_t size = 1; size < bytes.size(); ++size) {
      CHECK_FALSE(decodes(std::span(bytes).first(size)));
    }
  }
}

TEST_CASE("an empty packet has no message") {
  Reader reader(std::span<const std::byte>{});
  CHECK_THROWS_AS(decode(reader), Error);
}

TEST_CASE("unknown kinds and wrong flags are corrupt") {
  for (int kind = static_cast<int>(std::variant_size_v<Message>); kind < 256; ++kind) {
    std::vector<std::byte> bytes(100, std::byte{0});
    bytes[0] = static_cast<std::byte>(kind);
    CHECK_FALSE(decodes(bytes));
  }
  auto fetch = bytes_of(Fetch{1, TaskId::task(1, 1), false, 0, 0, 0});
  fetch[17] = std::byte{2};
  CHECK_FALSE(decodes(fetch));
  auto collective = bytes_of(EnterCollective{});
  collective[1] = std::byte{4};
  CHECK_FALSE(decodes(collective));
  auto request = bytes_of(SyncRequest{});
  CHECK(decodes(request));
  request[9] = std::byte{sync::operations};
  CHECK_FALSE(decodes(request));
  auto answer = bytes_of(SyncAnswer{});
  CHECK(decodes(answer));
  answer[9] = std::byte{3};
  CHECK_FALSE(decodes(answer));
}

TEST_CASE("lengths larger than the packet are corrupt, also those that overflow") {
  for (const Message& message : all_messages()) {
    const auto bytes = bytes_of(message);
    for (std::size_t place = 1; place + 4 <= bytes.size(); ++place) {
      for (const std::size_t width : {std::size_t{4}, std::size_t{8}}) {
        auto changed = bytes;
        const std::size_t end = std::min(place + width, changed.size());
        std::fill(changed.begin() + static_cast<std::ptrdiff_t>(place),
                  changed.begin() + static_cast<std::ptrdiff_t>(end), std::byte{0xff});
        decodes(changed);
      }
    }
  }
}

TEST_CASE("random bytes and flipped bits give messages or corrupt data, never anything else") {
  std::uint64_t state = 12345;
  const auto random = [&state] {
    state = state * 6364136223846793005ull + 1442695040888963407ull;
    return state >> 33;
  };
  std::size_t accepted = 0;
  for (int turn = 0; turn < 50'000; ++turn) {
    std::vector<std::byte> bytes(1 + random() % 80);
    for (std::byte& byte : bytes)
      byte = static_cast<std::byte>(random() % 4 == 0 ? random() : random() % 17);
    accepted += decodes(bytes);
  }
  CHECK(accepted > 0);
  for (const Message& message : all_messages()) {
    const auto bytes = bytes_of(message);
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
      auto changed = bytes;
      changed[bit / 8] ^= static_cast<std::byte>(1u << bit % 8);
      decodes(changed);
    }
  }
}

}  // namespace
}  // namespace tutti::protocol
