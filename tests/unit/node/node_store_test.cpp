#include "node/node_store.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <csignal>
#include <cstring>
#include <dirent.h>
#include <functional>
#include <string>
#include <sys/mman.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace tutti::node {
namespace {

constexpr std::size_t megabyte = std::size_t{1} << 20;

/// The stores of the ranks of a node, in one process.
struct Node {
  explicit Node(int ranks, NodeLimits limits = {}) {
    std::string problem;
    auto first = NodeTable::create(ranks, problem);
    REQUIRE_MESSAGE(first != nullptr, problem);
    address = first->address();
    std::vector<std::unique_ptr<NodeTable>> tables;
    tables.push_back(std::move(first));
    for (int rank = 1; rank < ranks; ++rank)
      tables.push_back(NodeTable::open(address, ranks, problem));
    for (int rank = 0; rank < ranks; ++rank) {
      REQUIRE(tables[static_cast<std::size_t>(rank)] != nullptr);
      stores.push_back(std::make_unique<NodeStore>(
          std::move(tables[static_cast<std::size_t>(rank)]), rank, limits));
    }
  }
  NodeStore& operator[](std::size_t rank) { return *stores[rank]; }
  /// As a message does: announced, then mapped.
  BlockPtr pass(std::size_t from, const Block& block, std::size_t to) {
    stores[from]->announce(block, static_cast<int>(to));
    std::string problem;
    BlockPtr mapped = stores[to]->map(block.place(), problem);
    CHECK_MESSAGE(mapped != nullptr, problem);
    return mapped;
  }
  TableAddress address;
  std::vector<std::unique_ptr<NodeStore>> stores;
};

std::size_t open_descriptors() {
  std::size_t count = 0;
  DIR* const directory = opendir("/proc/self/fd");
  REQUIRE(directory != nullptr);
  while (readdir(directory) != nullptr) ++count;
  closedir(directory);
  return count;
}

/// Runs `body` in another process; its exit code, or minus the signal that ended it.
int in_another_process(const std::function<int()>& body) {
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    std::signal(SIGSEGV, SIG_DFL);  // the test's own handler would report it
    _exit(body());
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

TEST_CASE("what one rank writes others read, without copy") {
  Node node(3);
  const BlockPtr block = node[0].allocate(3 * megabyte);
  REQUIRE(block != nullptr);
  CHECK(block->size() >= 3 * megabyte);
  std::memset(block->data(), 7, 3 * megabyte);
  const BlockPtr there = node.pass(0, *block, 1);
  CHECK(there->data() != block->data());
  CHECK(there->data()[3 * megabyte - 1] == std::byte{7});
  block->data()[5] = std::byte{9};
  CHECK(there->data()[5] == std::byte{9});
  CHECK(node[0].figures().owned == block->size());
  CHECK(node[1].figures().mapped == block->size());
  CHECK(node[2].figures().mapped == 0);
}

TEST_CASE("memory is used again when the last rank has ended with it, and not before") {
  Node node(3);
  BlockPtr block = node[0].allocate(2 * megabyte);
  const std::byte* const first = block->data();
  BlockPtr there = node.pass(0, *block, 1);
  // Passed on by a rank that does not own it.
  BlockPtr further = node.pass(1, *there, 2);
  block.reset();
  CHECK(node[0].allocate(2 * megabyte)->data() != first);
  there.reset();
  CHECK(node[0].allocate(2 * megabyte)->data() != first);
  CHECK(node[0].figures().owned == 2 * megabyte);
  further.reset();
  // The smallest segment that fits, so both idle ones are looked at.
  const BlockPtr a = node[0].allocate(2 * megabyte);
  const BlockPtr b = node[0].allocate(2 * megabyte);
  CHECK((a->data() == first || b->data() == first));
  CHECK(node[0].figures().idle == 0);
}

TEST_CASE("an announcement counts before it is answered, and can be taken back") {
  Node node(2);
  BlockPtr block = node[0].allocate(megabyte);
  const Place place = block->place();
  const std::byte* const first = block->data();
  node[0].announce(*block, 1);
  node[0].announce(*block, 1);
  node[0].take_back(*block, 1);
  block.reset();
  CHECK(node[0].allocate(megabyte)->data() != first);
  std::string problem;
  BlockPtr there = node[1].map(place, problem);
  REQUIRE(there != nullptr);
  there.reset();
  const BlockPtr a = node[0].allocate(megabyte);
  const BlockPtr b = node[0].allocate(megabyte);
  CHECK((a->data() == first || b->data() == first));
}

TEST_CASE("two announcements of one block are one use when both are answered") {
  Node node(2);
  BlockPtr block = node[0].allocate(megabyte);
  BlockPtr once = node.pass(0, *block, 1);
  BlockPtr twice = node.pass(0, *block, 1);
  CHECK(once == twice);
  block.reset();
  once.reset();
  node[0].sweep();
  CHECK(node[0].figures().owned == megabyte);
  twice.reset();
  node[0].sweep();
  CHECK(node[0].figures().owned == 0);
  CHECK(node[0].figures().idle == megabyte);
}

TEST_CASE("a block can come back to its owner, which has ended with it") {
  Node node(2);
  BlockPtr block = node[0].allocate(megabyte);
  std::byte* const first = block->data();
  BlockPtr there = node.pass(0, *block, 1);
  block.reset();
  BlockPtr back = node.pass(1, *there, 0);
  there.reset();
  CHECK(back->data() == first);
  CHECK(node[0].find(first + 10, 100).place.offset == 10);
  CHECK(node[0].allocate(megabyte)->data() != first);
  back.reset();
  node[0].sweep();
  CHECK(node[0].figures().owned == 0);
}

TEST_CASE("mappings are kept while the memory is used again, and end with it") {
  Node node(2, {.owned_bytes_max = UINT64_MAX, .idle_bytes_max = 4 * megabyte});
  const std::byte* mapped = nullptr;
  for (int round = 0; round < 3; ++round) {
    const BlockPtr block = node[0].allocate(4 * megabyte);
    const BlockPtr there = node.pass(0, *block, 1);
    if (mapped != nullptr) CHECK(there->data() == mapped);
    mapped = there->data();
  }
  // More than may lie idle: the first segment goes, and another one takes its slot.
  {
    const BlockPtr a = node[0].allocate(4 * megabyte);
    const BlockPtr b = node[0].allocate(4 * megabyte);
  }
  CHECK(node[0].figures().idle <= 4 * megabyte);
  node[1].sweep();
  const BlockPtr block = node[0].allocate(megabyte);
  block->data()[0] = std::byte{1};
  CHECK(node.pass(0, *block, 1)->data()[0] == std::byte{1});
}

TEST_CASE("the place of any bytes in a block is found") {
  Node node(2);
  const BlockPtr block = node[0].allocate(megabyte);
  const NodeStore::Found found = node[0].find(block->data() + 100, 1000);
  CHECK(found.block == block);
  CHECK(found.place == Place{0, block->place().slot, block->place().generation, 100});
  CHECK(node[0].find(block->data() + 100, megabyte).block == nullptr);
  CHECK(node[0].find(&node, 1).block == nullptr);
  CHECK(node[1].find(block->data(), 1).block == nullptr);
  const BlockPtr there = node.pass(0, *block, 1);
  CHECK(node[1].find(there->data() + 8, 8).place.owner == 0);
}

TEST_CASE("a limit is no error: there is no block, and memory that ends makes room") {
  Node node(1, {.owned_bytes_max = 8 * megabyte, .idle_bytes_max = 8 * megabyte});
  CHECK(node[0].allocate(9 * megabyte) == nullptr);
  BlockPtr large = node[0].allocate(5 * megabyte);
  REQUIRE(large != nullptr);
  CHECK(node[0].allocate(5 * megabyte) == nullptr);
  large.reset();
  // What lies idle does not fit, and gives way.
  CHECK(node[0].allocate(8 * megabyte) != nullptr);
}

TEST_CASE("there are at most as many segments as there are slots") {
  Node node(1);
  std::vector<BlockPtr> blocks;
  for (int each = 0; each < 600; ++each) {
    BlockPtr block = node[0].allocate(1);
    if (block == nullptr) break;
    blocks.push_back(std::move(block));
  }
  CHECK(blocks.size() >= 16);
  CHECK(blocks.size() <= 512);
  blocks.pop_back();
  CHECK(node[0].allocate(1) != nullptr);
}

TEST_CASE("a rank that is gone uses nothing any more") {
  Node node(3);
  BlockPtr block = node[0].allocate(megabyte);
  node[0].announce(*block, 1);
  const BlockPtr other = node.pass(0, *block, 2);
  block.reset();
  node[0].drop_rank(1);
  node[0].sweep();
  CHECK(node[0].figures().owned == megabyte);
  node[0].drop_rank(2);
  node[0].sweep();
  CHECK(node[0].figures().owned == 0);
}

TEST_CASE("blocks may outlive their store") {
  BlockPtr block;
  BlockPtr there;
  {
    Node node(2);
    block = node[0].allocate(megabyte);
    there = node.pass(0, *block, 1);
  }
  block->data()[1] = std::byte{3};
  CHECK(there->data()[1] == std::byte{3});
}

TEST_CASE("another process reads a block, cannot write to it, and its death leaves nothing") {
  const std::size_t before = open_descriptors();
  {
    Node node(2);
    const BlockPtr block = node[0].allocate(2 * megabyte);
    block->data()[megabyte] = std::byte{42};
    node[0].announce(*block, 1);
    const Place place = block->place();
    const TableAddress address = node.address;
    const auto open_there = [&](const std::function<int(const Block&)>& use) {
      return in_another_process([&] {
        std::string problem;
        auto table = NodeTable::open(address, 2, problem);
        if (table == nullptr) return 1;
        NodeStore store(std::move(table), 1, {});
        const BlockPtr mapped = store.map(place, problem);
        return mapped == nullptr ? 2 : use(*mapped);
      });
    };
    CHECK(open_there([&](const Block& mapped) {
            return mapped.data()[megabyte] == std::byte{42} ? 0 : 3;
          }) == 0);
    // Its use was counted down in an orderly way.
    node[0].announce(*block, 1);
    CHECK(open_there([](const Block& mapped) {
            void* const page = mapped.data();
            return mprotect(page, 4096, PROT_READ | PROT_WRITE) == 0 ? 4 : 0;
          }) == 0);
    node[0].announce(*block, 1);
    CHECK(open_there([](const Block& mapped) {
            const_cast<std::byte*>(mapped.data())[0] = std::byte{1};
            return 0;
          }) == -SIGSEGV);
    node[0].announce(*block, 1);
    CHECK(open_there([](const Block&) { return raise(SIGKILL); }) == -SIGKILL);
    // Killed while it used the block: the count stays until somebody says that the rank is gone.
    node[0].drop_rank(1);
  }
  CHECK(open_descriptors() == before);
}

TEST_CASE("what is not the announced memory is not opened") {
  Node node(2);
  std::string problem;
  TableAddress address = node.address;
  CHECK(NodeTable::open(address, 3, problem) == nullptr);
  address.secret += 1;
  CHECK(NodeTable::open(address, 2, problem) == nullptr);
  CHECK(problem.find("another run") != std::string::npos);
  address = node.address;
  address.segment.inode += 1;
  CHECK(NodeTable::open(address, 2, problem) == nullptr);
  CHECK(problem.find("/proc/") == 0);
  address.segment = {};
  CHECK(NodeTable::open(address, 2, problem) == nullptr);
}

TEST_CASE("no memory is given twice when many threads ask and end") {
  Node node(2);
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};
  for (int number = 0; number < 4; ++number) {
    threads.emplace_back([&, number] {
      for (int round = 0; round < 200; ++round) {
        const BlockPtr block = node[0].allocate(64 * 1024);
        if (block == nullptr) continue;
        std::memset(block->data(), number, 64 * 1024);
        node[0].announce(*block, 1);
        std::string problem;
        const BlockPtr there = node[1].map(block->place(), problem);
        for (std::size_t at = 0; at < 64 * 1024; at += 4096) {
          if (there->data()[at] != static_cast<std::byte>(number)) ++wrong;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 0);
  node[0].sweep();
  CHECK(node[0].figures().owned == 0);
}

}  // namespace
}  // namespace tutti::node
