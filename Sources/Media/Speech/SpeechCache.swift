internal import CMedia
internal import Glibc
internal import Synchronization
internal import Telephony

/// Speech that was made before, in a folder: a file for each text, voice and speed.
///
/// The file's name is a hash, which is no more than an address: the key itself stands in the file and is compared, so
/// that two texts of one hash displace each other but are never mistaken. A file is written under another name and then
/// renamed, so that it is whole or not there. When the folder outgrows its limit the least recently used go.
final class SpeechCache: Sendable {
    struct Key: Hashable, Sendable {
        let text: String
        let voice: String
        let wordsPerMinute: Int

        /// The whole of it, as it stands in the file.
        var bytes: [UInt8] { Array("\(voice)\n\(wordsPerMinute)\n\(text)".utf8) }

        /// FNV-1a.
        var hash: UInt64 {
            bytes.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        }
    }

    private struct Entry {
        var bytes: Int
        /// Rises with each use.
        var lastUsed: UInt64
        /// Kept in memory too, for what is said again and again.
        var clip: (key: Key, clip: AudioClip)?
    }

    private struct Index {
        var entries: [String: Entry] = [:]
        var bytes = 0
        var bytesInMemory = 0
        var clock: UInt64 = 0
    }

    private static let suffix = ".speech"
    /// Ahead of the key and the samples: a mark of this format, the key's length, the number of samples.
    private static let mark: [UInt8] = Array("BSP1".utf8)
    private static let headerBytes = 12

    private let folder: String
    private let maximumBytes: Int
    private let maximumBytesInMemory: Int
    private let room: any DiskRoom
    private let temporary = Atomic<UInt64>(0)
    private let index: Mutex<Index>

    /// Finds what earlier runs left in the folder; it is made where it does not exist.
    init(
        folder: String, maximumBytes: Int, maximumBytesInMemory: Int = 32 << 20,
        room: any DiskRoom = UnboundedDiskRoom()
    ) {
        self.room = room
        self.folder = folder
        self.maximumBytes = maximumBytes
        self.maximumBytesInMemory = maximumBytesInMemory
        // Safe, here and below: what the system reads or fills outlives the call, and its size is told with it.
        _ = unsafe mkdir(folder, 0o700)
        index = Mutex(Self.scan(folder))
    }

    /// The bytes that the folder's files hold.
    var bytes: Int { index.withLock { $0.bytes } }

    /// Without a look into the folder.
    func clipInMemory(for key: Key) -> AudioClip? {
        let name = Self.name(of: key)
        return index.withLock { index in
            guard let kept = index.entries[name]?.clip, kept.key == key else { return nil }
            index.clock += 1
            index.entries[name]?.lastUsed = index.clock
            return kept.clip
        }
    }

    func clip(for key: Key) -> AudioClip? {
        let name = Self.name(of: key)
        let (isKnown, kept) = index.withLock { index -> (Bool, AudioClip?) in
            guard index.entries[name] != nil else { return (false, nil) }
            index.clock += 1
            index.entries[name]?.lastUsed = index.clock
            let clip = index.entries[name]?.clip
            return (true, clip?.key == key ? clip?.clip : nil)
        }
        if let kept { return kept }
        guard isKnown, let samples = read(name, key) else { return nil }
        let clip = AudioClip(samples: samples)
        keep(clip, key, name)
        // For the order of use that the next run finds.
        _ = unsafe utimensat(AT_FDCWD, "\(folder)/\(name)", nil, 0)
        return clip
    }

    /// A folder that cannot be written to costs the cache, not the speech.
    func store(_ clip: AudioClip, for key: Key) {
        let samples = clip.samples()
        var file = Self.mark
        let text = key.bytes
        unsafe withUnsafeBytes(of: UInt32(clamping: text.count).littleEndian) { unsafe file.append(contentsOf: $0) }
        unsafe withUnsafeBytes(of: UInt32(clamping: samples.count).littleEndian) { unsafe file.append(contentsOf: $0) }
        file.append(contentsOf: text)
        unsafe samples.withUnsafeBytes { unsafe file.append(contentsOf: $0) }
        guard file.count <= maximumBytes, room.claim(file.count) else { return }
        defer { room.giveBack(file.count) }

        let name = Self.name(of: key)
        let passing = "\(folder)/\(name).\(getpid())-\(temporary.wrappingAdd(1, ordering: .relaxed).newValue)"
        let descriptor = unsafe cmedia_file_create(passing, 1)
        guard descriptor >= 0 else { return }
        let error = unsafe cmedia_file_write(descriptor, file, file.count, 0)
        _ = cmedia_close(descriptor)
        guard error == 0, unsafe rename(passing, "\(folder)/\(name)") == 0 else {
            _ = unsafe unlink(passing)
            return
        }
        index.withLock { index in
            index.clock += 1
            let former = index.entries[name]
            index.bytes += file.count - (former?.bytes ?? 0)
            if let kept = former?.clip { index.bytesInMemory -= kept.clip.count * 2 }
            index.entries[name] = Entry(bytes: file.count, lastUsed: index.clock)
        }
        keep(clip, key, name)
        evict()
    }

    // MARK: -

    private static func name(of key: Key) -> String {
        let digits = String(key.hash, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits + suffix
    }

    private func read(_ name: String, _ key: Key) -> [Int16]? {
        let descriptor = unsafe cmedia_file_open_to_read("\(folder)/\(name)")
        guard descriptor >= 0 else {
            forget(name)
            return nil
        }
        defer { _ = cmedia_close(descriptor) }
        let size = Int(cmedia_file_size(descriptor))
        guard size >= Self.headerBytes, size <= maximumBytes else { return nil }
        var file = [UInt8](repeating: 0, count: size)
        guard unsafe cmedia_file_read(descriptor, &file, size, 0) == size, file.starts(with: Self.mark) else {
            return nil
        }
        func number(at offset: Int) -> Int {
            Int(file[offset]) | Int(file[offset + 1]) << 8 | Int(file[offset + 2]) << 16 | Int(file[offset + 3]) << 24
        }
        let text = key.bytes
        let start = Self.headerBytes + text.count
        let samples = number(at: 8)
        guard number(at: 4) == text.count, size == start + samples * 2,
            file[Self.headerBytes..<start].elementsEqual(text)
        else { return nil }
        return unsafe [Int16](unsafeUninitializedCapacity: samples) { buffer, initialized in
            unsafe file.withUnsafeBytes { bytes in
                unsafe UnsafeMutableRawBufferPointer(buffer).copyMemory(
                    from: UnsafeRawBufferPointer(rebasing: bytes[start...]))
            }
            initialized = samples
        }
    }

    private func keep(_ clip: AudioClip, _ key: Key, _ name: String) {
        let size = clip.count * 2
        guard size <= maximumBytesInMemory / 4 else { return }
        index.withLock { index in
            guard index.entries[name] != nil, index.entries[name]?.clip == nil else { return }
            index.entries[name]?.clip = (key, clip)
            index.bytesInMemory += size
            while index.bytesInMemory > maximumBytesInMemory {
                let kept = index.entries.filter { $0.value.clip != nil }
                guard let oldest = kept.min(by: { $0.value.lastUsed < $1.value.lastUsed }) else { return }
                index.bytesInMemory -= (oldest.value.clip?.clip.count ?? 0) * 2
                index.entries[oldest.key]?.clip = nil
            }
        }
    }

    private func forget(_ name: String) {
        index.withLock { Self.remove(name, from: &$0) }
    }

    /// Removes the least recently used until the rest is a tenth below the limit, so that not every text evicts one.
    private func evict() {
        guard bytes > maximumBytes else { return }
        evict(downTo: maximumBytes / 10 * 9)
    }

    /// The disk has room for others' sake.
    func makeRoom(_ wanted: Int) { evict(downTo: max(0, bytes - wanted)) }

    private func evict(downTo limit: Int) {
        let gone = index.withLock { index -> [String] in
            var gone: [String] = []
            for (name, _) in index.entries.sorted(by: { $0.value.lastUsed < $1.value.lastUsed }) {
                guard index.bytes > limit else { break }
                Self.remove(name, from: &index)
                gone.append(name)
            }
            return gone
        }
        for name in gone { _ = unsafe unlink("\(folder)/\(name)") }
    }

    private static func remove(_ name: String, from index: inout Index) {
        guard let entry = index.entries.removeValue(forKey: name) else { return }
        index.bytes -= entry.bytes
        index.bytesInMemory -= (entry.clip?.clip.count ?? 0) * 2
    }

    private static func scan(_ folder: String) -> Index {
        var index = Index()
        var found: [(name: String, bytes: Int, time: Int)] = []
        guard let directory = unsafe opendir(folder) else { return index }
        defer { unsafe closedir(directory) }
        while let entry = unsafe readdir(directory) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            var status = stat()
            guard name.contains(suffix), unsafe stat("\(folder)/\(name)", &status) == 0 else { continue }
            guard name.hasSuffix(suffix) else {
                // Left half-written by a run that ended in the middle.
                _ = unsafe unlink("\(folder)/\(name)")
                continue
            }
            found.append((name, Int(status.st_size), Int(status.st_mtim.tv_sec)))
        }
        for file in found.sorted(by: { ($0.time, $0.name) < ($1.time, $1.name) }) {
            index.clock += 1
            index.entries[file.name] = Entry(bytes: file.bytes, lastUsed: index.clock)
            index.bytes += file.bytes
        }
        return index
    }
}
