//! The module as it stands in a script: instructions in one stream, what they refer to in others. The wire's brotli finds more that
//! repeats there, which makes the script 2 % smaller. `www/tracker/src/inside.js` puts it together again.

use anyhow::{Context, Result};
use wasmparser::{Parser, Payload};

/// In place of an instruction: bytes follow as they stand in the module, in the last stream behind their count (two bytes, the
/// lower first). It is no instruction of a module without exceptions.
pub(crate) const AS_IT_STANDS: u8 = 6;
/// For each instruction, from 0, the stream of the number that it has (LEB128); none for a space, and for those behind the last.
pub(crate) const KINDS: &str = "  111       22  3               44455   66666666666666666666666  78";
/// What an instruction of memory has in front of its number is the alignment, a hint that is left out.
pub(crate) const MEMORY: usize = 6;
const STREAMS: usize = 10;

/// The streams, one behind the other, and how long each is.
pub(crate) fn split(wasm: &[u8]) -> Result<([usize; STREAMS], Vec<u8>)> {
    let mut streams: [Vec<u8>; STREAMS] = Default::default();
    let mut plain = 0;
    for payload in Parser::new(0).parse_all(wasm) {
        let Payload::CodeSectionEntry(body) = payload? else { continue };
        let mut starts = Vec::new();
        for operator in body.get_operators_reader()?.into_iter_with_offsets() {
            starts.push(operator?.1);
        }
        starts.push(body.range().end);
        for instruction in starts.windows(2) {
            let &[start, end] = instruction else { continue };
            let kind =
                KINDS.as_bytes().get(usize::from(wasm[start])).map_or(0, |kind| usize::from(kind.wrapping_sub(b'0')));
            let number = if kind == MEMORY { start + 2 } else { start + 1 };
            let has_number = (1..STREAMS - 1).contains(&kind);
            // What has more than a number stands as it does.
            if !has_number && end > start + 1 {
                continue;
            }
            push_plain(&mut streams, &wasm[plain..start])?;
            streams[0].push(wasm[start]);
            if has_number {
                streams[kind].extend(&wasm[number..end]);
            }
            plain = end;
        }
    }
    push_plain(&mut streams, &wasm[plain..])?;
    Ok((streams.each_ref().map(Vec::len), streams.concat()))
}

fn push_plain(streams: &mut [Vec<u8>; STREAMS], bytes: &[u8]) -> Result<()> {
    if bytes.is_empty() {
        return Ok(());
    }
    let count = u16::try_from(bytes.len()).context("more bytes stand together than two bytes can count")?;
    streams[0].push(AS_IT_STANDS);
    let [.., last] = streams;
    last.extend(count.to_le_bytes());
    last.extend(bytes);
    Ok(())
}
