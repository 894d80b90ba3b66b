package bolt

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.etcd.io/bbolt"
)

// shapes are ledgers of which bolt keeps the parts in different ways.
func shapes(t testing.TB) map[string]func(*Ledger) {
	return map[string]func(*Ledger){
		"empty":   func(*Ledger) {},
		"small":   func(l *Ledger) { require.NoError(t, l.Put(t.Context(), typical(1))) },
		"regular": func(l *Ledger) { sample(t, l) },
		"large": func(l *Ledger) {
			require.NoError(t, l.write(t.Context(), func(tx *tx) error {
				for i := range 1000 {
					if err := errors.Join(tx.put(typical(i)), tx.revoke(typicalEnd(i))); err != nil {
						return err
					}
				}
				return nil
			}))
		},
	}
}

func TestAFileOfWhichAPageIsDamagedIsRefusedOrWhole(t *testing.T) {
	t.Parallel()
	for shape, do := range shapes(t) {
		t.Run(shape, func(t *testing.T) {
			t.Parallel()
			file, want := good(t, do)
			page, path := os.Getpagesize(), filepath.Join(t.TempDir(), "ledger.db")
			r := rand.New(rand.NewPCG(3, 4))
			refused := 0
			pages, all := usedPages(t, file)
			r.Shuffle(len(pages), func(i, j int) { pages[i], pages[j] = pages[j], pages[i] })
			pages = pages[:min(len(pages), 10)]
			for _, p := range pages {
				try := func(name string, change func(there []byte)) {
					broken := bytes.Clone(file)
					change(broken[p*page : (p+1)*page])
					if refusedOrWhole(t, path, broken, want, fmt.Sprintf("page %d %s", p, name)) {
						refused++
					}
				}
				other := (p + 1 + r.IntN(all-1)) % all
				try("zeroed", func(there []byte) { clear(there) })
				try("all ones", func(there []byte) { copy(there, bytes.Repeat([]byte{0xff}, page)) })
				try("torn", func(there []byte) { clear(there[512:]) })
				try(fmt.Sprint("like ", other), func(there []byte) { copy(there, file[other*page:]) })
				try("garbage", func(there []byte) {
					for i := range there {
						there[i] = byte(r.Uint32())
					}
				})
				for range 15 {
					at, bit := r.IntN(page), byte(1)<<r.IntN(8)
					if r.IntN(2) == 0 {
						at = r.IntN(headEnd) // headers, and the first elements
					}
					try(fmt.Sprintf("byte %d, bit %08b", at, bit), func(there []byte) { there[at] ^= bit })
				}
			}
			require.Greater(t, refused, len(pages))
		})
	}
}

func TestAByteThatIsFlippedAnywhereInARootIsNoticedOrHarmless(t *testing.T) {
	t.Parallel()
	file, want := good(t, shapes(t)["empty"]) // whose buckets are all in it
	h, err := readHead(bytes.NewReader(file), int64(len(file)))
	require.NoError(t, err)
	at, path := int(h.root*h.pageSize), filepath.Join(t.TempDir(), "ledger.db")
	size, err := elements(file[at:at+int(h.pageSize)], func(element) error { return nil })
	require.NoError(t, err)
	refused := 0
	for i := range size {
		broken := bytes.Clone(file)
		broken[at+i] ^= 1 << (i % 8)
		if refusedOrWhole(t, path, broken, want, fmt.Sprint("byte ", i)) {
			refused++
		}
	}
	require.Greater(t, refused, size/2)
}

// TestAPageOfTheWrongSizeIsNoticed: what is beyond it would be overwritten, or
// taken from another.
func TestAPageOfTheWrongSizeIsNoticed(t *testing.T) {
	t.Parallel()
	file, _ := good(t, func(l *Ledger) { sample(t, l) })
	size, larger := os.Getpagesize(), 0
	ids, _ := usedPages(t, file)
	for _, id := range ids[2:] {
		if native.Uint64(file[id*size:]) != uint64(id) {
			continue // it belongs to the one before
		}
		was := native.Uint32(file[id*size+overflowAt:])
		for _, now := range []uint32{0, was - 1, was + 1, 1 << 30} {
			if now == was {
				continue
			}
			broken := bytes.Clone(file)
			native.PutUint32(broken[id*size+overflowAt:], now)
			refuses(t, broken, fmt.Sprintf("page %d, %d instead of %d", id, now, was))
		}
		if was > 0 {
			larger++
		}
	}
	require.Positive(t, larger)
}

// FuzzDamage overwrites something.
func FuzzDamage(f *testing.F) {
	file, want := good(f, shapes(f)["regular"])
	pages, _ := usedPages(f, file)
	f.Add(uint16(2), uint16(8), []byte{0xff})
	f.Add(uint16(3), uint16(20), []byte{1, 2, 3, 4})
	f.Add(uint16(4), uint16(0), []byte{3})
	f.Fuzz(func(t *testing.T, page, at uint16, with []byte) {
		broken := bytes.Clone(file)
		copy(broken[pages[int(page)%len(pages)]*os.Getpagesize()+int(at)%os.Getpagesize():], with)
		refusedOrWhole(t, filepath.Join(t.TempDir(), "ledger.db"), broken, want, "")
	})
}

func TestAFileWithAListOfFreePagesIsReadToo(t *testing.T) {
	t.Parallel()
	file, want := good(t, func(l *Ledger) { sample(t, l) })
	path := filepath.Join(t.TempDir(), "ledger.db")
	require.NoError(t, os.WriteFile(path, file, 0o600))
	db, err := bbolt.Open(path, 0o600, nil) // as bolt's own tools do, which write one
	require.NoError(t, err)
	require.NoError(t, db.Close())
	file, err = os.ReadFile(path)
	require.NoError(t, err)
	require.False(t, refusedOrWhole(t, filepath.Join(t.TempDir(), "ledger.db"), file, want, ""))

	h, err := readHead(bytes.NewReader(file), int64(len(file)))
	require.NoError(t, err)
	at := int(h.freelist * h.pageSize)
	require.Greater(t, native.Uint16(file[at+countAt:]), uint16(1))
	for name, id := range map[string]uint64{"a head": 0, "in use": h.root, "itself": h.freelist, "out of bounds": h.pages, "twice": native.Uint64(file[at+headerSize+8:])} {
		broken := bytes.Clone(file)
		native.PutUint64(broken[at+headerSize:], id)
		refuses(t, broken, name)
	}
	for name, change := range map[string]func(list []byte){
		"no list":  func(list []byte) { list[flagsAt] = leafPage },
		"too long": func(list []byte) { native.PutUint16(list[countAt:], 0xfffe) },
		"much too long": func(list []byte) {
			native.PutUint16(list[countAt:], 0xffff)
			native.PutUint64(list[headerSize:], 1<<63)
		},
		"of another page": func(list []byte) { list[0]++ },
	} {
		broken := bytes.Clone(file)
		change(broken[at:])
		refuses(t, broken, name)
	}
}

// TestEntriesOutOfOrderAreNoticed: whoever looks for one of them would not find it.
func TestEntriesOutOfOrderAreNoticed(t *testing.T) {
	t.Parallel()
	file, _ := good(t, func(l *Ledger) { sample(t, l) })
	page, swapped := os.Getpagesize(), 0
	ids, _ := usedPages(t, file)
	for _, id := range ids[2:] {
		broken := bytes.Clone(file)
		there := broken[id*page : (id+1)*page]
		var before element
		_, err := elements(there, func(e element) error {
			if !e.bucket && e.child == 0 && len(e.key) == len(before.key) && len(e.value) == len(before.value) {
				swap(e.key, before.key)
				swap(e.value, before.value)
				return io.EOF
			}
			before = e
			return nil
		})
		if errors.Is(err, io.EOF) {
			swapped++
			refuses(t, broken, fmt.Sprint("page ", id))
		}
	}
	require.Positive(t, swapped)
}

func swap(a, b []byte) {
	c := bytes.Clone(a)
	copy(a, b)
	copy(b, c)
}
