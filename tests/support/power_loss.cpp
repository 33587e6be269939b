// SPDX-License-Identifier: MIT
#include "support/power_loss.hpp"

#include <algorithm>
#include <random>
#include <string_view>

namespace aludel {

namespace {

constexpr std::size_t all_subsets_max = 8;

std::size_t sectors_of(std::uint64_t offset, std::size_t size) {
  return size == 0 ? 1 : (offset + size - 1) / PowerLoss::sector - offset / PowerLoss::sector + 1;
}

bool arrives(std::uint64_t sectors, std::size_t index) {
  return (sectors >> index % 64 & 1) != 0;
}

using Visit = std::function<void(LossKind, const std::vector<Fate>&)>;

// Each change whole or lost.
void visit_subsets(std::size_t count, const Visit& visit) {
  const auto give = [&](const auto& is_kept) {
    std::vector<Fate> fates(count, Fate::lost());
    for (std::size_t i = 0; i < count; ++i) {
      if (is_kept(i)) fates[i] = {};
    }
    visit(LossKind::subsets, fates);
  };
  if (count <= all_subsets_max) {
    for (std::size_t kept = 0; kept < std::size_t{1} << count; ++kept)
      give([&](std::size_t i) { return (kept >> i & 1) != 0; });
    return;
  }
  give([](std::size_t) { return false; });
  give([](std::size_t) { return true; });
  for (std::size_t one = 0; one < count; ++one) {
    give([&](std::size_t i) { return i == one; });
    give([&](std::size_t i) { return i != one; });
    give([&](std::size_t i) { return i < one; });  // as a disk does that keeps the order
  }
}

// One change is torn, all others are whole, or lost.
void visit_torn(const std::vector<PowerLoss::Change>& changes, const Visit& visit) {
  for (const auto others : {Fate::whole, std::uint64_t{0}}) {
    std::vector<Fate> fates(changes.size(), Fate{others, false});
    for (std::size_t i = 0; i < changes.size(); ++i) {
      const auto bits = std::min<std::size_t>(changes[i].sectors, 64);
      for (std::size_t sector = 0; bits > 1 && sector < bits; ++sector) {
        fates[i] = {std::uint64_t{1} << sector, false};
        visit(LossKind::torn, fates);
        if (sector < 2) continue;  // the prefix of none, and of one
        fates[i] = {(std::uint64_t{1} << sector) - 1, false};
        visit(LossKind::torn, fates);
      }
      if (changes[i].may_grow) {
        fates[i] = {0, true};
        visit(LossKind::zeros, fates);
      }
      fates[i] = {others, false};
    }
  }
}

void visit_samples(const std::vector<PowerLoss::Change>& changes, std::uint32_t seed, int samples,
                   const Visit& visit) {
  std::mt19937_64 random(seed);
  for (int i = 0; i < samples; ++i) {
    std::vector<Fate> fates;
    for (const auto& change : changes) {
      const bool torn = change.sectors > 1 && random() % 2 == 0;
      fates.push_back({torn                ? random()
                       : random() % 2 == 0 ? Fate::whole
                                           : 0,
                       change.may_grow && random() % 4 == 0});
    }
    visit(LossKind::sampled, fates);
  }
}

}  // namespace

PowerLoss::PowerLoss(const FolderContent& durable) {
  for (const auto& [name, bytes] : durable) {
    names_[name] = ++files_made_;
    files_[files_made_].durable = bytes;
  }
}

void PowerLoss::advance(const FileCall& call) {
  auto& writes = files_[call.file].writes;
  switch (call.kind) {
    case FileCall::Kind::create: files_[call.file].durable = call.bytes; [[fallthrough]];
    case FileCall::Kind::rename:
    case FileCall::Kind::remove: name_changes_.push_back(call); break;
    case FileCall::Kind::write: writes.push_back({Write::State::unsynced, call.offset, call.bytes}); break;
    case FileCall::Kind::truncate:
      writes.push_back({Write::State::unsynced, call.offset, std::nullopt});
      break;
    case FileCall::Kind::sync: sync(files_[call.file]); break;
    case FileCall::Kind::failed_sync:
      for (auto& write : writes) {
        if (write.state == Write::State::unsynced) write.state = Write::State::doubtful;
      }
      break;
    case FileCall::Kind::sync_folder:
      names_ = names_after(std::vector<Fate>(name_changes_.size()).data());
      name_changes_.clear();
      break;
  }
}

void PowerLoss::sync(File& file) {
  for (auto& write : file.writes) {
    if (write.state == Write::State::unsynced) write.state = Write::State::durable;
  }
  // What is doubtful is settled if what came after makes it all the same.
  std::vector<Fate> lost(file.writes.size(), Fate::lost());
  std::vector<Fate> whole(file.writes.size());
  const Fate* none = lost.data();
  const Fate* all = whole.data();
  auto content = content_of(file, none);
  if (content_of(file, all) != content) return;
  file.durable = std::move(content);
  file.writes.clear();
}

std::string PowerLoss::content_of(const File& file, const Fate*& fates) {
  auto content = file.durable;
  for (const auto& write : file.writes) {
    const auto fate = write.state == Write::State::durable ? Fate{} : *fates++;
    if (!write.bytes) {
      if (fate.sectors != 0) content.resize(write.offset);
      continue;
    }
    const std::string_view bytes = *write.bytes;
    if (fate.grows) content.resize(std::max<std::size_t>(content.size(), write.offset + bytes.size()));
    for (std::size_t at = 0, index = 0; at < bytes.size(); ++index) {
      const auto size = std::min(sector - (write.offset + at) % sector, bytes.size() - at);
      if (arrives(fate.sectors, index)) {
        const auto end = write.offset + at + size;
        if (content.size() < end) content.resize(end);
        content.replace(write.offset + at, size, bytes.substr(at, size));
      }
      at += size;
    }
  }
  return content;
}

PowerLoss::Names PowerLoss::names_after(const Fate* fates) const {
  auto names = names_;
  for (const auto& change : name_changes_) {
    if (fates++->sectors == 0) continue;
    switch (change.kind) {
      case FileCall::Kind::create: names[change.name] = change.file; break;
      case FileCall::Kind::rename:
        names.erase(change.name);
        names[change.to] = change.file;
        break;
      default: names.erase(change.name); break;
    }
  }
  return names;
}

std::vector<PowerLoss::Change> PowerLoss::undecided() const {
  std::vector<Change> changes;
  for (const auto& [number, file] : files_) {
    auto size = file.durable.size();
    for (const auto& write : file.writes) {
      const auto end = write.offset + (write.bytes ? write.bytes->size() : 0);
      if (write.state != Write::State::durable) {
        changes.push_back(
            {write.bytes ? sectors_of(write.offset, write.bytes->size()) : 0, write.bytes && end > size});
      }
      size = write.bytes ? std::max<std::size_t>(size, end) : end;
    }
  }
  changes.resize(changes.size() + name_changes_.size());
  return changes;
}

FolderContent PowerLoss::aftermath(const std::vector<Fate>& fates) const {
  const Fate* next = fates.data();
  std::map<int, std::string> contents;
  for (const auto& [number, file] : files_)
    contents.emplace(number, content_of(file, next));
  FolderContent content;
  for (const auto& [name, number] : names_after(next))
    content.emplace(name, contents.at(number));
  return content;
}

void for_each_loss(const std::vector<PowerLoss::Change>& changes, std::uint32_t seed, int samples,
                   const Visit& visit) {
  visit_subsets(changes.size(), visit);
  visit_torn(changes, visit);
  if (!changes.empty()) visit_samples(changes, seed, samples, visit);
}

}  // namespace aludel
