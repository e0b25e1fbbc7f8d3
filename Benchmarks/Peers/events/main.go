// A peer for the transport `stream`: Server-Sent Events down, POSTs of one line a message up, with Go's net/http and
// nothing else. What came in one POST goes down in one write.
package main

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"io"
	"log"
	"net/http"
	"os"
	"sync"
)

var (
	mutex    sync.RWMutex
	sessions = map[string]chan []byte{}
)

func events(w http.ResponseWriter, r *http.Request) {
	var random [16]byte
	rand.Read(random[:])
	name := hex.EncodeToString(random[:])
	down := make(chan []byte, 64)
	mutex.Lock()
	sessions[name] = down
	mutex.Unlock()
	defer func() {
		mutex.Lock()
		delete(sessions, name)
		mutex.Unlock()
	}()
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	flusher := w.(http.Flusher)
	io.WriteString(w, "event: open\ndata: "+name+"\n\n")
	flusher.Flush()
	for {
		select {
		case <-r.Context().Done():
			return
		case piece := <-down:
			w.Write(piece)
			for more := true; more; {
				select {
				case piece = <-down:
					w.Write(piece)
				default:
					more = false
				}
			}
			flusher.Flush()
		}
	}
}

func send(w http.ResponseWriter, r *http.Request) {
	mutex.RLock()
	down := sessions[r.URL.Query().Get("session")]
	mutex.RUnlock()
	if down == nil {
		http.Error(w, "no such session", http.StatusNotFound)
		return
	}
	body := make([]byte, r.ContentLength)
	if _, err := io.ReadFull(r.Body, body); err != nil {
		http.Error(w, "unreadable", http.StatusBadRequest)
		return
	}
	piece := make([]byte, 0, len(body)+len(body)/4+16)
	for len(body) > 0 {
		end := bytes.IndexByte(body, '\n')
		if end < 0 {
			end = len(body) - 1
		}
		piece = append(piece, "data: "...)
		piece = append(piece, body[:end]...)
		piece = append(piece, "\n\n"...)
		body = body[end+1:]
	}
	down <- piece
	w.WriteHeader(http.StatusNoContent)
}

func main() {
	http.HandleFunc("/events/open", events)
	http.HandleFunc("/events/send", send)
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Args[1], nil))
}
