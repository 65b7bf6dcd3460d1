#include "runtime/startup.hpp"

#include "base/exception_text.hpp"
#include "base/huge_pages.hpp"
#include "base/log.hpp"
#include "base/module_table.hpp"
#include "base/options.hpp"
#include "memory/local_directory.hpp"
#include "runtime/rank_resources.hpp"
#include "tutti/error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace tutti::runtime {
namespace {

/// What the ranks tell each other at start.
struct Introduction {
  std::string problem;
  std::uint32_t protocol_version = protocol::version;
  std::uint64_t program = 0;
  std::string modules;
  Options options;
  unsigned cores = 1;
  unsigned cores_of_node = 1;
  std::string cpu_set;
  std::uint64_t usable_bytes = 0;
  node::TableAddress node_table;
  memory::DirectoryProblem directory;
  std::vector<std::string> visible_devices;
};

Bytes encode(const Introduction& introduction) {
  Writer writer;
  writer.text(introduction.problem);
  writer.value(introduction.protocol_version);
  writer.value(introduction.program);
  writer.text(introduction.modules);
  writer.value(introduction.cores);
  writer.value(introduction.cores_of_node);
  writer.text(introduction.cpu_set);
  writer.value(introduction.usable_bytes);
  writer.value(introduction.node_table);
  writer.text(introduction.directory.text);
  writer.value(introduction.directory.is_unusable);
  writer.count(introduction.visible_devices.size());
  for (const std::string& device : introduction.visible_devices) writer.text(device);
  base::encode(introduction.options, writer);
  return writer.take();
}

Introduction decode(std::span<const std::byte> bytes) {
  Reader reader(bytes);
  Introduction introduction;
  introduction.problem = reader.text();
  reader.value(introduction.protocol_version);
  reader.value(introduction.program);
  introduction.modules = reader.text();
  reader.value(introduction.cores);
  reader.value(introduction.cores_of_node);
  introduction.cpu_set = reader.text();
  reader.value(introduction.usable_bytes);
  reader.value(introduction.node_table);
  introduction.directory.text = reader.text();
  reader.value(introduction.directory.is_unusable);
  introduction.visible_devices.resize(static_cast<std::size_t>(reader.count_of(8)));
  for (std::string& device : introduction.visible_devices) device = reader.text();
  // Another program may have other options; then the run ends with a sentence that says so.
  if (introduction.program == base::program_identity())
    introduction.options = base::decode_options(reader);
  return introduction;
}

void broadcast(transport::Transport& transport, MutableBuffer data, EarlyPackets& early) {
  bool done = false;
  transport.broadcast(0, data, [&] { done = true; });
  // A rank that is ahead of this one may have begun already.
  while (!done) {
    transport.poll([&](int from, std::span<const std::byte> packet) {
      early.push_back({from, Bytes::copy_of(packet)});
    });
  }
}

/// What all ranks sent, on all ranks: first to rank 0, then from there.
std::vector<Bytes> exchange(transport::Transport& transport, Bytes own, EarlyPackets& early) {
  const auto ranks = static_cast<std::size_t>(transport.size());
  std::vector<Bytes> all(ranks);
  Writer joined;
  if (transport.rank() == 0) {
    std::size_t missing = ranks - 1;
    all[0] = std::move(own);
    // Who was ahead in an exchange before this one has begun it already.
    for (EarlyPacket& each : std::exchange(early, {})) {
      all[static_cast<std::size_t>(each.from)] = std::move(each.packet);
      --missing;
    }
    while (missing != 0) {
      transport.poll([&](int from, std::span<const std::byte> packet) {
        all[static_cast<std::size_t>(from)] = Bytes::copy_of(packet);
        --missing;
      });
    }
    for (const Bytes& each : all) {
      joined.count(each.size());
      joined.raw(each.data(), each.size());
    }
  } else {
    transport.send(0, std::move(own));
  }
  std::uint64_t size = joined.size();
  broadcast(transport, {reinterpret_cast<std::byte*>(&size), sizeof(size)}, early);
  Bytes bytes = joined.take();
  bytes.resize(static_cast<std::size_t>(size));
  broadcast(transport, {bytes.data(), bytes.size()}, early);
  Reader reader(bytes.span());
  for (Bytes& each : all)
    each = Bytes::copy_of(reader.view(static_cast<std::size_t>(reader.count_of(1))));
  return all;
}

std::string rank_list(const std::vector<int>& ranks) {
  return fmt::format("{}", fmt::join(ranks, ", "));
}

/// Why these ranks cannot run together; empty when they can.
std::string find_problem(const std::vector<Introduction>& all) {
  std::set<std::string> seen;
  std::string text;
  std::vector<int> others;
  for (std::size_t rank = 0; rank < all.size(); ++rank) {
    if (!all[rank].problem.empty() && seen.insert(all[rank].problem).second) {
      text += (text.empty() ? "" : "\n") + all[rank].problem;
    }
    if (all[rank].program != all[0].program ||
        all[rank].protocol_version != all[0].protocol_version) {
      others.push_back(static_cast<int>(rank));
    }
  }
  if (text.empty() && !others.empty()) {
    text = fmt::format(
        "rank {} runs another program than rank 0; all ranks must start the same build. Rank 0: "
        "{}. Rank {}: {}. A stale "
        "copy on one node is the usual reason: install the program anew there, or start it from a "
        "shared file system",
        rank_list(others), all[0].modules, others.front(),
        all[static_cast<std::size_t>(others.front())].modules);
  }
  return text;
}

/// The ranks of each node find out whether they can share memory. All ranks come here, or none.
NodeSharing agree_on_sharing(transport::Transport& transport, NodeOffer own,
                             const std::vector<Introduction>& all, const RankSetup& setup,
                             EarlyPackets& early) {
  const auto& places = transport.places();
  const auto rank = static_cast<std::size_t>(transport.rank());
  const auto first = std::ranges::find(places, places[rank].node, &transport::Place::node);
  accept_node_offer(own, all[static_cast<std::size_t>(first - places.begin())].node_table, places,
                    transport.rank());
  Writer writer;
  writer.text(own.problem);
  std::vector<std::string> problems;
  for (const Bytes& each : exchange(transport, writer.take(), early)) {
    Reader reader(each.span());
    problems.emplace_back(reader.text());
  }
  if (transport.rank() == 0) {
    const std::string problem = sharing_problem(problems, places);
    if (!problem.empty()) base::log_warning(problem);
  }
  return conclude_sharing(std::move(own), problems, places, transport.rank(),
                          setup.memory_limit_bytes);
}

ThreadPlan plan(const std::vector<Introduction>& all, transport::Transport& transport,
                const Options& options, bool rank0_works) {
  const auto& places = transport.places();
  const int node = places[static_cast<std::size_t>(transport.rank())].node;
  std::vector<RankOnNode> ranks;
  std::size_t index = 0;
  for (int rank = 0; rank < transport.size(); ++rank) {
    if (places[static_cast<std::size_t>(rank)].node != node) continue;
    const Introduction& each = all[static_cast<std::size_t>(rank)];
    if (rank == transport.rank()) index = ranks.size();
    ranks.push_back({rank, rank != 0 || rank0_works, each.cores, each.cpu_set});
  }
  return plan_threads(ranks, index, options.threads_per_worker,
                      all[static_cast<std::size_t>(transport.rank())].cores_of_node,
                      places[static_cast<std::size_t>(transport.rank())].host,
                      options.cores_per_task);
}

unsigned ranks_on_node(const transport::Transport& transport) {
  const auto& places = transport.places();
  const int node = places[static_cast<std::size_t>(transport.rank())].node;
  return static_cast<unsigned>(std::ranges::count(places, node, &transport::Place::node));
}

std::string own_local_directory(const Options& options) {
  return memory::local_directory(
      options.local_directory, [](std::string_view name) -> std::optional<std::string> {
        const char* value = std::getenv(std::string(name).c_str());
        return value == nullptr ? std::nullopt : std::optional<std::string>(value);
      });
}

/// What is wrong with the local directories that cannot be written to, or with all others: each
/// sentence once with the ranks that it is about, and their hosts.
std::string directory_warning(const std::vector<Introduction>& all,
                              const std::vector<transport::Place>& places, bool unusable) {
  struct Where {
    std::vector<int> ranks;
    std::set<std::string> hosts;
  };
  std::map<std::string, Where> problems;
  for (std::size_t rank = 0; rank < all.size(); ++rank) {
    const memory::DirectoryProblem& problem = all[rank].directory;
    if (problem.text.empty() || problem.is_unusable != unusable) continue;
    Where& where = problems[problem.text];
    where.ranks.push_back(static_cast<int>(rank));
    where.hosts.insert(places[rank].host);
  }
  std::string text;
  for (const auto& [problem, where] : problems) {
    text += fmt::format("{}{} (rank {} on {})", text.empty() ? "" : "; ", problem,
                        rank_list(where.ranks), fmt::join(where.hosts, ", "));
  }
  return text;
}

std::vector<protocol::Resources> deal(const std::vector<Introduction>& all,
                                      const std::vector<transport::Place>& places,
                                      bool rank0_works) {
  std::vector<ResourceOffer> offers;
  for (std::size_t rank = 0; rank < all.size(); ++rank)
    offers.push_back({rank != 0 || rank0_works, places[rank].node, all[rank].options.resources,
                      all[rank].visible_devices});
  return deal_resources(offers);
}

void print_differences(const std::vector<Introduction>& all) {
  for (std::size_t rank = 1; rank < all.size(); ++rank) {
    for (const std::string& difference : base::differences(all[0].options, all[rank].options)) {
      base::log_warning(
          fmt::format("rank {} was started with another option than rank 0, whose options count: "
                      "{} (here: rank 0, "
                      "there: rank {})",
                      rank, difference, rank));
    }
  }
}

}  // namespace

Local prepare_local(const Options& given, const std::vector<std::string>& environment,
                    const std::string& program) {
  Local local;
  try {
    local.options = base::options_from_environment(given, environment, local.warnings);
    if (local.options.name.empty())
      local.options.name = program.substr(program.find_last_of('/') + 1);
  } catch (const std::exception& error) {
    local.problem = error.what();
  }
  return local;
}

std::unique_ptr<Rank> start_rank(std::unique_ptr<transport::Transport> transport, Local local,
                                 const Launch& launch) {
  base::set_log_rank(transport->rank());
  base::set_log_level(local.options.log_level);
  const std::vector<std::string> environment = environment_entries();
  Introduction own;
  own.problem = local.problem.empty() ? world_problem(launch, transport->size()) : local.problem;
  own.program = base::program_identity();
  own.modules = base::module_summary();
  own.options = local.options;
  own.cores = topology().cores;
  own.cores_of_node = topology().cores_of_node;
  own.cpu_set = topology().cpu_set;
  own.usable_bytes = usable_node_bytes(topology(), job_memory_bytes(environment_of(environment)));
  own.visible_devices = visible_devices(environment_of(environment));
  NodeOffer offer = make_node_offer(transport->places(), transport->rank());
  own.node_table = offer.address;
  if (own.problem.empty() && local.options.spill) {
    try {
      own.directory = memory::problem_of_directory(own_local_directory(local.options));
    } catch (const std::exception& error) {
      own.problem = error.what();
    }
  }
  std::vector<Introduction> all;
  EarlyPackets early;
  for (const Bytes& each : exchange(*transport, encode(own), early))
    all.push_back(decode(each.span()));

  const bool prints = transport->rank() == 0;
  std::string problem = find_problem(all);
  RankSetup setup;
  setup.options = all[0].options;
  const bool rank0_works = setup.options.rank0_works.value_or(transport->size() == 1);
  if (problem.empty() && transport->size() == 1 && !rank0_works) {
    problem =
        "this run has one rank and rank0_works is off, so that nobody would run tasks; start more "
        "ranks (mpirun -n 4 ...) or leave "
        "rank0_works unset";
  }
  if (problem.empty()) {
    try {
      setup.local_directory = own_local_directory(setup.options);
      setup.memory_limit_bytes = base::memory_limit_bytes(
          setup.options.memory_limit, own.usable_bytes, ranks_on_node(*transport));
    } catch (const std::exception& error) {
      problem = error.what();
    }
  }
  if (!problem.empty()) {
    if (prints) std::fprintf(stderr, "tutti: %s\n", problem.c_str());
    transport->finish([](int, std::span<const std::byte>) {});
    return nullptr;
  }
  if (prints) {
    for (const std::string& warning : local.warnings) base::log_warning(warning);
    print_differences(all);
    const std::string unusable = directory_warning(all, transport->places(), true);
    if (!unusable.empty()) base::log_warning(unusable);
  }
  base::set_log_level(setup.options.log_level);
  base::huge_pages_wanted = setup.options.huge_pages;
  setup.works = transport->rank() != 0 || rank0_works;
  if (prints) setup.directory_warning = directory_warning(all, transport->places(), false);
  std::vector<protocol::Resources> resources = deal(all, transport->places(), rank0_works);
  for (std::size_t each = 0; each < all.size(); ++each) {
    setup.ranks.push_back(
        {all[each].cores, all[each].cpu_set, all[each].usable_bytes, std::move(resources[each])});
  }
  setup.threads = plan(all, *transport, setup.options, rank0_works);
  for (const std::string& warning : setup.threads.warnings) base::log_warning(warning);
  if (setup.options.node_store && transport->size() > 1) {
    setup.sharing = agree_on_sharing(*transport, std::move(offer), all, setup, early);
  } else {
    setup.sharing.local_ranks.assign(all.size(), -1);
    for (std::size_t each = 0; each < all.size(); ++each)
      setup.sharing.leaders.push_back(static_cast<int>(each));
  }
  auto rank = std::make_unique<Rank>(std::move(transport), std::move(setup));
  rank->deliver_early(early);
  return rank;
}

std::string placement_table(Rank& rank) {
  constexpr double gigabyte = 1e9;
  std::string text = fmt::format("{}\n  {:>5} {:<24} {:>5} {:>8} {:>6} {:<16} {:>12}\n",
                                 rank.transport().description(), "rank", "host", "node", "pid",
                                 "cores", "cpus", "node memory");
  std::size_t number = 0;
  for (const transport::Place& place : rank.transport().places()) {
    const RankFacts& facts = rank.setup().ranks[number];
    text += fmt::format("  {:>5} {:<24} {:>5} {:>8} {:>6} {:<16} {:>9.1f} GB\n", number, place.host,
                        place.node, place.pid, facts.cores, facts.cpu_set,
                        static_cast<double>(facts.usable_bytes) / gigabyte);
    ++number;
  }
  return text;
}

}  // namespace tutti::runtime
