#include "protocol/demand.hpp"

#include "tutti/error.hpp"

#include <cmath>

namespace tutti::protocol {
namespace {

void put(Writer& writer, const std::map<std::string, double>& amounts) {
  writer.count(amounts.size());
  for (const auto& [name, amount] : amounts) {
    writer.text(name);
    writer.value(amount);
  }
}

std::map<std::string, double> get_amounts(Reader& reader) {
  std::map<std::string, double> amounts;
  // A name has at least its length, an amount 8 bytes.
  for (std::uint64_t left = reader.count_of(16); left != 0; --left) {
    std::string name(reader.text());
    const auto amount = reader.value<double>();
    if (!std::isfinite(amount) || amount < 0)
      throw Error(ErrorCode::corrupt_data, "the amount of a resource is no number from 0 on");
    amounts.emplace(std::move(name), amount);
  }
  return amounts;
}

void put(Writer& writer, const std::vector<std::int32_t>& numbers) {
  writer.count(numbers.size());
  writer.raw(numbers.data(), numbers.size() * sizeof(std::int32_t));
}

std::vector<std::int32_t> get_numbers(Reader& reader) {
  std::vector<std::int32_t> numbers(
      static_cast<std::size_t>(reader.count_of(sizeof(std::int32_t))));
  for (std::int32_t& number : numbers) reader.value(number);
  return numbers;
}

}  // namespace

Bytes encode(const Demand& demand) {
  Writer writer;
  if (demand.is_none()) return writer.take();
  writer.value(demand.cores);
  put(writer, demand.resources);
  put(writer, demand.workers);
  writer.value(static_cast<std::uint8_t>(demand.others_too));
  writer.value(demand.result_bytes);
  return writer.take();
}

Demand decode_demand(std::span<const std::byte> bytes) {
  Demand demand;
  if (bytes.empty()) return demand;
  Reader reader(bytes);
  reader.value(demand.cores);
  demand.resources = get_amounts(reader);
  demand.workers = get_numbers(reader);
  demand.others_too = reader.value<std::uint8_t>() != 0;
  reader.value(demand.result_bytes);
  return demand;
}

Bytes encode(const Resources& resources) {
  Writer writer;
  put(writer, resources.amounts);
  put(writer, resources.devices);
  return writer.take();
}

Resources decode_resources(std::span<const std::byte> bytes) {
  Resources resources;
  if (bytes.empty()) return resources;
  Reader reader(bytes);
  resources.amounts = get_amounts(reader);
  resources.devices = get_numbers(reader);
  return resources;
}

}  // namespace tutti::protocol
