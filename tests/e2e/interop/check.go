// check.go - a reader of the log that shares no line with the project: the Go project's own
// sumdb/note and sumdb/tlog read what a node serves.
//
//	check URL TOKEN-FILE VKEY OLD-CHECKPOINT [COSIGNER-VKEY...]
//
// opens the node's checkpoint and an older one, reads every tile and entry bundle that it needs,
// recomputes the root from the records, checks an inclusion proof for each record and the
// consistency of the two checkpoints, and finds that a flipped byte is refused wherever it is. It
// counts the cosigners whose cosignatures the checkpoint has.
// x/mod spells a tile's height into its path and can have several; tlog-tiles has one, 8.
package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	tileHeight = 8
	tileWidth  = 1 << tileHeight
	answerMax  = 32 << 20
)

var failed bool

func check(good bool, sentence string, arguments ...interface{}) {
	if !good {
		failed = true
		fmt.Printf("FAILED "+sentence+"\n", arguments...)
	}
}

func must(err error) {
	if err != nil {
		fmt.Println("FAILED", err)
		os.Exit(1)
	}
}

// ---- what the node serves ----------------------------------------------------------------------

type node struct {
	url, token string
}

func (n node) get(path string) ([]byte, error) {
	request, err := http.NewRequest("GET", n.url+path, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+n.token)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != 200 {
		return nil, fmt.Errorf("%s: %s", path, answer.Status)
	}
	return io.ReadAll(io.LimitReader(answer.Body, answerMax))
}

// "tile/8/0/x001/234.p/5" of x/mod is "/tile/0/x001/234.p/5" of tlog-tiles.
func pathOf(tile tlog.Tile) string {
	return "/tile/" + strings.TrimPrefix(tile.Path(), fmt.Sprintf("tile/%d/", tileHeight))
}

// tlog.TileReader. The hashes it gives are checked against the root by tlog itself.
type tiles struct {
	node node
	read map[string][]byte
	flip string // in the tile of this path one bit is turned
}

func (t *tiles) Height() int { return tileHeight }

func (t *tiles) SaveTiles([]tlog.Tile, [][]byte) {}

func (t *tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range wanted {
		path := pathOf(tile)
		data, known := t.read[path]
		if !known {
			var err error
			if data, err = t.node.get(path); err != nil {
				return nil, err
			}
			t.read[path] = data
		}
		if path == t.flip {
			data = append([]byte(nil), data...)
			data[len(data)/2] ^= 1
		}
		all = append(all, data)
	}
	return all, nil
}

// Each record behind its length in two bytes.
func (n node) records(size int64) ([][]byte, error) {
	var all [][]byte
	for int64(len(all)) < size {
		bundle := tlog.Tile{H: tileHeight, L: 0, N: int64(len(all)) / tileWidth, W: tileWidth}
		if left := size - int64(len(all)); left < tileWidth {
			bundle.W = int(left)
		}
		data, err := n.get("/tile/entries" + strings.TrimPrefix(pathOf(bundle), "/tile/0"))
		if err != nil {
			return nil, err
		}
		for i := 0; i < bundle.W; i++ {
			if len(data) < 2 || len(data) < 2+int(binary.BigEndian.Uint16(data)) {
				return nil, fmt.Errorf("bundle %d ends in record %d", bundle.N, i)
			}
			end := 2 + int(binary.BigEndian.Uint16(data))
			all = append(all, data[2:end])
			data = data[end:]
		}
		if len(data) > 0 {
			return nil, fmt.Errorf("bundle %d has more than %d records", bundle.N, bundle.W)
		}
	}
	return all, nil
}

// ---- checkpoints -------------------------------------------------------------------------------

// c2sp.org/tlog-cosignature, type 04, which x/mod does not know: a note.Verifier.
type cosigner struct {
	name string
	hash uint32
	key  ed25519.PublicKey
}

func (c cosigner) Name() string { return c.name }

func (c cosigner) KeyHash() uint32 { return c.hash }

func (c cosigner) Verify(text, signature []byte) bool {
	if len(signature) != 8+ed25519.SignatureSize {
		return false
	}
	time := binary.BigEndian.Uint64(signature)
	signed := fmt.Sprintf("cosignature/v1\ntime %d\n%s", time, text)
	return ed25519.Verify(c.key, []byte(signed), signature[8:])
}

func newCosigner(vkey string) (cosigner, error) {
	parts := strings.SplitN(vkey, "+", 3)
	if len(parts) != 3 {
		return cosigner{}, fmt.Errorf("%q is no verifier key", vkey)
	}
	key, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(key) != 1+ed25519.PublicKeySize || key[0] != 4 {
		return cosigner{}, fmt.Errorf("%q is no key of type 04", vkey)
	}
	hash := sha256.Sum256(append([]byte(parts[0]+"\n"), key...))
	id := binary.BigEndian.Uint32(hash[:])
	if fmt.Sprintf("%08x", id) != parts[1] {
		return cosigner{}, fmt.Errorf("%q: its id is %08x", vkey, id)
	}
	return cosigner{name: parts[0], hash: id, key: key[1:]}, nil
}

// How many of these cosigned it; a cosignature of theirs that does not hold is an error.
func countCosigners(message []byte, vkeys []string) int {
	var verifiers []note.Verifier
	for _, vkey := range vkeys {
		cosigner, err := newCosigner(vkey)
		must(err)
		verifiers = append(verifiers, cosigner)
	}
	if len(verifiers) == 0 {
		return 0
	}
	opened, err := note.Open(message, note.VerifierList(verifiers...))
	must(err)
	return len(opened.Sigs)
}

func open(message []byte, verifier note.Verifier) (tree tlog.Tree, err error) {
	opened, err := note.Open(message, note.VerifierList(verifier))
	if err != nil {
		return tree, err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[3] != "" {
		return tree, fmt.Errorf("a checkpoint has three lines, not %q", opened.Text)
	}
	if lines[0] != verifier.Name() {
		return tree, fmt.Errorf("the origin is %q, the key is %q's", lines[0], verifier.Name())
	}
	if tree.N, err = strconv.ParseInt(lines[1], 10, 64); err != nil {
		return tree, err
	}
	root, err := base64.StdEncoding.DecodeString(lines[2])
	if err != nil || len(root) != tlog.HashSize {
		return tree, fmt.Errorf("the root is %q", lines[2])
	}
	copy(tree.Hash[:], root)
	return tree, nil
}

// Every byte of the text, and of the log's own signature but for base64's last characters, whose
// unused bits Go lets pass.
func checkFlippedNote(message []byte, verifier note.Verifier) {
	text := bytes.LastIndex(message, []byte("\n\n")) + 1
	line := bytes.Index(message[text:], []byte("— "+verifier.Name()+" ")) + text
	end := line + bytes.IndexByte(message[line:], '\n')
	for i := 0; i < end-4; i++ {
		if i >= text && i < line {
			continue
		}
		flipped := append([]byte(nil), message...)
		flipped[i] ^= 1
		_, err := open(flipped, verifier)
		check(err != nil, "byte %d of the note was changed, and it was opened", i)
	}
}

// ---- the tree ----------------------------------------------------------------------------------

// The stored hashes of the tree over these records, as tlog numbers them: all of it in memory.
func treeOf(records [][]byte) (tlog.HashReader, error) {
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		hashes := make([]tlog.Hash, len(indexes))
		for i, index := range indexes {
			hashes[i] = stored[index]
		}
		return hashes, nil
	})
	for i, record := range records {
		more, err := tlog.StoredHashes(int64(i), record, reader)
		if err != nil {
			return nil, err
		}
		stored = append(stored, more...)
	}
	return reader, nil
}

func checkRecords(tree tlog.Tree, records [][]byte, served tlog.HashReader) {
	for i, record := range records {
		proof, err := tlog.ProveRecord(tree.N, int64(i), served)
		must(err)
		err = tlog.CheckRecord(proof, tree.N, tree.Hash, int64(i), tlog.RecordHash(record))
		check(err == nil, "record %d is not in the tree: %v", i, err)
		flipped := append([]byte(nil), record...)
		flipped[i%len(flipped)] ^= 1
		err = tlog.CheckRecord(proof, tree.N, tree.Hash, int64(i), tlog.RecordHash(flipped))
		check(err != nil, "record %d was changed, and it is still in the tree", i)
	}
}

func checkTrees(tree, old tlog.Tree, served tlog.HashReader) {
	proof, err := tlog.ProveTree(tree.N, old.N, served)
	must(err)
	err = tlog.CheckTree(proof, tree.N, tree.Hash, old.N, old.Hash)
	check(err == nil, "size %d does not go on from size %d: %v", tree.N, old.N, err)
	other := old.Hash
	other[tlog.HashSize-1] ^= 1
	err = tlog.CheckTree(proof, tree.N, tree.Hash, old.N, other)
	check(err != nil, "another root at size %d was taken", old.N)
}

// Each tile is what the records make of it.
func checkTiles(served *tiles, own tlog.HashReader) {
	for path, data := range served.read {
		tile, err := tlog.ParseTilePath(fmt.Sprintf("tile/%d", tileHeight) + strings.TrimPrefix(path, "/tile"))
		must(err)
		made, err := tlog.ReadTileData(tile, own)
		must(err)
		check(bytes.Equal(data, made), "%s is not the tile of these records", path)
	}
}

// Turns a bit in each tile that was read: some proof that needs it must fail. Of a full tile x/mod
// 0.7 may itself not notice (it counts hashes of the right edge for tiles), so the proof is checked.
func checkFlippedTiles(tree tlog.Tree, records [][]byte, served *tiles) {
	for path := range served.read {
		broken := tlog.TileHashReader(tree, &tiles{node: served.node, read: served.read, flip: path})
		noticed := false
		for i := int64(0); i < tree.N && !noticed; i++ {
			proof, err := tlog.ProveRecord(tree.N, i, broken)
			noticed = err != nil || tlog.CheckRecord(proof, tree.N, tree.Hash, i,
				tlog.RecordHash(records[i])) != nil
		}
		check(noticed, "a bit of %s was turned, and every proof holds", path)
	}
}

func main() {
	if len(os.Args) < 5 {
		fmt.Println("usage: check URL TOKEN-FILE VKEY OLD-CHECKPOINT [COSIGNER-VKEY...]")
		os.Exit(2)
	}
	token, err := os.ReadFile(os.Args[2])
	must(err)
	verifier, err := note.NewVerifier(os.Args[3])
	must(err)
	oldMessage, err := os.ReadFile(os.Args[4])
	must(err)
	from := node{url: os.Args[1], token: strings.TrimSpace(string(token))}
	message, err := from.get("/checkpoint")
	must(err)
	tree, err := open(message, verifier)
	must(err)
	old, err := open(oldMessage, verifier)
	must(err)
	check(old.N > 0 && old.N < tree.N, "the log grew from %d to %d", old.N, tree.N)
	checkFlippedNote(message, verifier)

	records, err := from.records(tree.N)
	must(err)
	own, err := treeOf(records)
	must(err)
	root, err := tlog.TreeHash(tree.N, own)
	must(err)
	check(root == tree.Hash, "the records have root %v, the checkpoint says %v", root, tree.Hash)
	root, err = tlog.TreeHash(old.N, own)
	must(err)
	check(root == old.Hash, "the first %d records have root %v, not %v", old.N, root, old.Hash)

	served := &tiles{node: from, read: map[string][]byte{}}
	reader := tlog.TileHashReader(tree, served)
	root, err = tlog.TreeHash(tree.N, reader)
	must(err)
	check(root == tree.Hash, "the tiles have root %v, the checkpoint says %v", root, tree.Hash)
	checkRecords(tree, records, reader)
	checkTrees(tree, old, reader)
	checkTiles(served, own)
	checkFlippedTiles(tree, records, served)
	if failed {
		os.Exit(1)
	}
	fmt.Printf("%d records, %d tiles, from size %d, %d cosigners\n", tree.N, len(served.read), old.N,
		countCosigners(message, os.Args[5:]))
}
